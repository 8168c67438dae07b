"""Runs of perceptrons drawn with hypothesis, of all kinds that there are, and data for them.

A hyperparameter that the registry has and nobody lists here is drawn by its facts there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from hypothesis import strategies as st

from automl.models.mlp.initialization import INITIALIZATIONS
from automl.models.mlp.network import ACTIVATIONS
from automl.training.config import RunConfig
from search_spaces.hyperparameter import Hyperparameter
from search_spaces.hyperparameters import HYPERPARAMETERS, hyperparameter
from tests.contracts.trainer_contract import tiny_run

MIXINGS = hyperparameter("activation_mixing").words
OUTPUT_INITIALIZATIONS = hyperparameter("output_initialization").words
RESIDUALS = hyperparameter("residual").words
NORMALIZATIONS = hyperparameter("normalization").words
NUMERIC_ENCODINGS = hyperparameter("numeric_encoding").words
SCALINGS = hyperparameter("scaling").words
SHAPES = hyperparameter("shape").words
OPTIMIZERS = hyperparameter("optimizer").words
SCHEDULES = hyperparameter("schedule").words


def usual(known: Hyperparameter) -> st.SearchStrategy[object]:
    """The words of a hyperparameter, its default, and where useful numbers end."""
    ends = known.useful if known.numbers is not None else ()
    values = (*known.words, known.default, *(end for end in ends if math.isfinite(end)))
    return st.sampled_from([known.setting(value) for value in dict.fromkeys(values)])


values_of_the_space = st.fixed_dictionaries(
    {
        **{name: usual(known) for name, known in HYPERPARAMETERS.items() if name != "batch_size"},
        "n_layers": st.integers(0, 4),
        "hidden_size": st.integers(1, 24),
        "shape": st.sampled_from(SHAPES),
        "n_members": st.sampled_from([1, 1, 2, 3]),
        "activation": st.sampled_from(tuple(ACTIVATIONS)),
        "residual": st.sampled_from(RESIDUALS),
        "activation_mixing": st.sampled_from(MIXINGS),
        "initialization": st.sampled_from(tuple(INITIALIZATIONS)),
        "output_initialization": st.sampled_from(OUTPUT_INITIALIZATIONS),
        "normalization": st.sampled_from(NORMALIZATIONS),
        "dropout": st.sampled_from([0.0, 0.3]),
        "input_dropout": st.sampled_from([0.0, 0.2]),
        "mixup": st.sampled_from([0.0, 0.0, 0.4]),
        "scaling": st.sampled_from(SCALINGS),
        "numeric_encoding": st.sampled_from(NUMERIC_ENCODINGS),
        "encoding_size": st.sampled_from([2, 5, 16]),
        "embedding_size": st.sampled_from([None, None, 1, 5, 20]),
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
        "bias_rate_factor": st.sampled_from([1.0, 0.1]),
        "first_layer_rate_factor": st.sampled_from([1.0, 0.3]),
        "embedding_rate_factor": st.sampled_from([1.0, 0.5]),
        "encoding_rate_factor": st.sampled_from([1.0, 0.2]),
        "input_scaling_rate_factor": st.sampled_from([1.0, 6.0]),
        "mixing_rate_factor": st.sampled_from([1.0, 3.0]),
        "weight_decay": st.sampled_from([0.0, 1e-2]),
        "l1": st.sampled_from([0.0, 1e-3]),
        "max_norm": st.sampled_from([None, 1.0]),
        "gradient_clip_norm": st.sampled_from([None, 0.1]),
        "weight_averaging": st.sampled_from([None, None, 0.5, 3.0]),
        "label_smoothing": st.sampled_from([0.0, 0.1]),
        "prediction_range": st.sampled_from(["free", "train_range"]),
        "target_transform": st.sampled_from(["none", "none", "log", "quantile"]),
        "max_epochs": st.sampled_from([3, 4, 10]),
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
        {"is_weighted": True, "class_weights": torch.tensor([0.5, 1.0, 2.0])},
        {"is_weighted": True, "loss": "mean_squared"},
    ]
)


def runs_of(drawn: Sequence[dict[str, object]], **values: object) -> list[RunConfig]:
    """The drawn runs, numbered from 1."""
    return [tiny_run(number + 1, **{**own, **values}) for number, own in enumerate(drawn)]
