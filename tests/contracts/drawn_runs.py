"""Runs of perceptrons drawn with hypothesis, of all kinds that there are, and data for them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from hypothesis import strategies as st

from automl.models.mlp.initialization import INITIALIZATIONS
from automl.models.mlp.network import ACTIVATIONS
from automl.training.config import RunConfig
from search_spaces.hyperparameters import hyperparameter
from tests.contracts.trainer_contract import tiny_run

NORMALIZATIONS = hyperparameter("normalization").words
NUMERIC_ENCODINGS = hyperparameter("numeric_encoding").words
SCALINGS = hyperparameter("scaling").words
SHAPES = hyperparameter("shape").words
OPTIMIZERS = hyperparameter("optimizer").words
SCHEDULES = hyperparameter("schedule").words

values_of_the_space = st.fixed_dictionaries(
    {
        "n_layers": st.integers(0, 4),
        "hidden_size": st.integers(1, 24),
        "shape": st.sampled_from(SHAPES),
        "activation": st.sampled_from(tuple(ACTIVATIONS)),
        "initialization": st.sampled_from(tuple(INITIALIZATIONS)),
        "normalization": st.sampled_from(NORMALIZATIONS),
        "dropout": st.sampled_from([0.0, 0.3]),
        "input_dropout": st.sampled_from([0.0, 0.2]),
        "scaling": st.sampled_from(SCALINGS),
        "numeric_encoding": st.sampled_from(NUMERIC_ENCODINGS),
        "encoding_size": st.sampled_from([2, 5, 16]),
        "n_bins": st.sampled_from([1, 3, 48]),
        "n_frequencies": st.sampled_from([1, 7, 16]),
        "frequency_scale": st.sampled_from([0.1, 3.0]),
        "input_scaling": st.sampled_from(["none", "learned"]),
        "learning_rate": st.sampled_from([1e-4, 1e-3, 1e-2]),
        "optimizer": st.sampled_from(OPTIMIZERS),
        "momentum": st.sampled_from([0.5, 0.7, 0.95]),
        "schedule": st.sampled_from(SCHEDULES),
        "decay_fraction": st.sampled_from([0.3, 2.0]),
        "switch_fraction": st.sampled_from([0.3, 0.7]),
        "warmup_fraction": st.sampled_from([0.0, 0.3]),
        "weight_decay": st.sampled_from([0.0, 1e-2]),
        "l1": st.sampled_from([0.0, 1e-3]),
        "max_norm": st.sampled_from([None, 1.0]),
        "gradient_clip_norm": st.sampled_from([None, 0.1]),
        "label_smoothing": st.sampled_from([0.0, 0.1]),
        "max_epochs": st.sampled_from([4, 10]),
        "seed": st.integers(0, 1000),
    }
)
kinds_of_data = st.sampled_from(
    [
        {"loss": "cross_entropy"},
        {"loss": "binary_cross_entropy"},
        {"loss": "mean_squared"},
        {"loss": "mean_absolute"},
        {"loss": "huber"},
        {"with_categories": True, "class_weights": torch.tensor([0.5, 1.0, 2.0])},
    ]
)


def runs_of(drawn: Sequence[dict[str, object]], **values: object) -> list[RunConfig]:
    """The drawn runs, numbered from 1."""
    return [tiny_run(number + 1, **{**own, **values}) for number, own in enumerate(drawn)]
