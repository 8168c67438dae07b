from __future__ import annotations

import re
import sys
from typing import Any

import pytest
import torch
from torch import nn

from automl.errors import ConfigError, TrainingError
from automl.models.family import find_family
from automl.models.own.builders import remember
from automl.models.own.family import OwnConfig
from automl.models.own.reference import reference_of
from tests.contracts.tiny_datasets import tiny_dataset


def configured(build: Any, **params: Any) -> OwnConfig:
    reference = reference_of(build)
    remember(reference)
    config = find_family("own").configure({"model": reference.words, **params})
    assert isinstance(config, OwnConfig)
    return config


def linear(params: Any, dataset: Any) -> nn.Module:
    return nn.Sequential(*[nn.Linear(dataset.n_features, params["width"])], nn.Dropout(0.5))


def test_a_person_s_function_builds_by_params_and_data() -> None:
    family, data = find_family("own"), tiny_dataset().describe()
    module = family.build(configured(linear, width=3), data)
    assert module(torch.zeros(2, data.n_features)).shape == (2, 3)
    assert not family.is_trusted and family.stacked_trainer is None


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda params, dataset: None, "must return an nn.Module, but returned NoneType"),
        (lambda params, dataset: nn.ReLU(), "but ReLU has no trainable parameters"),
        (lambda: nn.Linear(2, 1), r"must be called with \(params, dataset\): too many positional"),
        (lambda params, dataset: sys.exit(3), r"must return a network, but calls sys\.exit\(3\)"),
    ],
)
def test_what_cannot_be_trained_is_told(build: Any, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        find_family("own").build(configured(build), tiny_dataset().describe())


def test_a_space_without_a_model_is_told() -> None:
    with pytest.raises(ConfigError, match=r"give model='my_file\.py:build'"):
        find_family("own").configure({"width": 3})


class Doubled(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


def test_a_network_is_named_by_its_forward_or_by_who_built_it() -> None:
    family, config = find_family("own"), configured(linear)
    line = Doubled.forward.__code__.co_firstlineno
    assert family.named(config, Doubled(2, 3)) == f"Doubled.forward (test_family.py, line {line})"
    assert family.named(config, nn.Sequential()) == "the network of test_family.py:linear"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"wdth": 3, "n": 2}, "no parameter 'width' among wdth and n; did you mean 'wdth'?"),
        ({}, "the space has none of your own; give space='my_space.toml' with a table [width]"),
    ],
)
def test_a_parameter_that_is_not_there_is_told(params: dict[str, int], words: str) -> None:
    with pytest.raises(KeyError, match=re.escape(words)):
        find_family("own").build(configured(linear, **params), tiny_dataset().describe())
