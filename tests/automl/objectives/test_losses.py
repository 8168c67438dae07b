from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch

from automl.errors import TrainingError
from automl.objectives.losses import Losses, read_losses, state_in


@pytest.mark.parametrize("given", [0.5, np.float32(0.5), torch.tensor(0.5), np.array(0.5)])
def test_any_one_number_is_a_loss(given: object) -> None:
    losses = read_losses(given)
    assert losses.valid_loss == 0.5
    assert math.isnan(losses.train_loss)


def test_a_mapping_says_more() -> None:
    given = {"valid_loss": 2, "train_loss": torch.tensor(1.5), "valid_loss_standard_error": 0.1}
    assert read_losses(given) == Losses(2.0, 1.5, 0.1)


def test_losses_that_are_no_numbers_are_divergence_and_no_error() -> None:
    assert math.isnan(read_losses(math.nan).valid_loss)
    given = {"valid_loss": 1.0, "train_loss": math.nan}
    assert read_losses(given).train_loss == math.inf, "given, unlike NaN for what is not"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "must give a loss, or a mapping with valid_loss, but gave None"),
        ("0.5", r"but gave '0.5'; float\(...\) makes a number"),
        (True, "but gave True"),
        ((0.1, 0.2), "but gave \\(0.1, 0.2\\)"),
        (torch.ones(2), "but gave a Tensor of shape \\(2,\\)"),
        ({"loss": 1.0}, "may have valid_loss, train_loss, .* and state, but has 'loss'"),
        ({"val_loss": 1.0}, "but has 'val_loss'; did you mean 'valid_loss'"),
        ({"train_loss": 1.0}, "must have a valid_loss, but has train_loss"),
        ({}, "must have a valid_loss, but has nothing"),
        ({"valid_loss": None}, "must give a number as valid_loss, but gave None"),
    ],
)
def test_anything_else_is_told(given: object, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        read_losses(given)


def test_a_loss_that_knows_its_gradient_is_taken_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_losses(torch.tensor(0.5, requires_grad=True)) == Losses(0.5)


def test_a_state_is_no_loss() -> None:
    given = {"valid_loss": 1.0, "state": b"bytes"}
    assert (read_losses(given), state_in(given)) == (Losses(1.0), b"bytes")
    assert state_in(1.0) is None


def test_a_whole_number_beyond_all_floats_is_divergence() -> None:
    assert read_losses(10**400).valid_loss == math.inf
