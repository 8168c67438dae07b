"""What one run is: the network, how it is trained, on which rows, with which seed.

`configure` turns an Optuna trial's params into these. Field names are the search space's
names. A `RunConfig` travels to worker processes and into checkpoints, so it holds plain
values only.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automl.errors import ConfigError
from automl.models.mlp.initialization import INITIALIZATIONS
from automl.models.mlp.network import ACTIVATIONS, NORMALIZATIONS, SCALINGS, SHAPES, MLPConfig
from storage.records import ParameterValue

OPTIMIZERS: Final = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
SCHEDULES: Final = ("constant", "exponential", "step", "cosine", "one_cycle", "switch_to_sgd")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained."""

    learning_rate: float = 1e-3
    batch_size: int | None = 32  # None: all train rows ("full" in the search space)
    optimizer: str = "adam"  # sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw
    momentum: float = 0.9  # of momentum, nesterov, and of SGD after switch_to_sgd
    schedule: str = "constant"  # exponential, step, cosine, one_cycle, switch_to_sgd
    decay_fraction: float = 0.5  # exponential, step: share of max_epochs for a tenfold decay
    switch_fraction: float = 0.7  # switch_to_sgd: share of max_epochs before the switch
    warmup_fraction: float = 0.0  # share of max_epochs of linear warm-up
    weight_decay: float = 0.0  # L2; decoupled for adamw
    l1: float = 0.0
    max_norm: float | None = None  # of each unit's incoming weights; None: no limit
    gradient_clip_norm: float | None = None
    label_smoothing: float = 0.0
    max_epochs: int = 50
    patience: int = 10  # epochs without a better validation loss before early stopping


@dataclass(frozen=True, slots=True)
class RowSubset:
    """Which of a fold's train rows a run trains on.

    The rows are shuffled by `seed` and cut into blocks of `fraction` of them; the run gets
    block `part`. With `replace` they are drawn with replacement instead (a bootstrap).
    """

    fraction: float = 1.0
    part: int = 0
    seed: int = 0
    replace: bool = False


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One training: everything a trainer needs beside the data."""

    run_id: int
    trial_number: int
    model: MLPConfig
    training: TrainingConfig
    seed: int  # every random number of the run is a function of it
    fold: int = 0
    rows: RowSubset | None = None  # None: all train rows


CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "shape": SHAPES,
    "activation": tuple(ACTIVATIONS),
    "initialization": tuple(INITIALIZATIONS),
    "normalization": NORMALIZATIONS,
    "scaling": SCALINGS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}
"""The values that named choices can have."""

_NONE_WORDS: Final = {"batch_size": "full", "max_norm": "none", "gradient_clip_norm": "none"}
"""The search space's word for None; Optuna's categories are numbers and words."""

_AT_LEAST: Final = {
    "n_layers": 0,
    "hidden_size": 1,
    "batch_size": 1,
    "max_epochs": 1,
    "patience": 1,
}
"""Whole numbers and the smallest that makes sense."""

_ABOVE_ZERO: Final = (
    "learning_rate",
    "max_norm",
    "gradient_clip_norm",
    "decay_fraction",
    "switch_fraction",
)
_BELOW_ONE: Final = ("dropout", "input_dropout", "momentum", "label_smoothing")
_NOT_NEGATIVE: Final = (*_BELOW_ONE, "weight_decay", "l1", "warmup_fraction")

_MODEL_FIELDS: Final = {field.name for field in dataclasses.fields(MLPConfig)}
_TRAINING_FIELDS: Final = {field.name for field in dataclasses.fields(TrainingConfig)}


def configure(
    params: Mapping[str, ParameterValue], *, max_epochs: int, patience: int
) -> tuple[MLPConfig, TrainingConfig]:
    """Turn a trial's params into configurations; what is not named keeps its default.

    Raises:
        ConfigError: if a name is unknown or a value is not possible.

    Example:
        >>> model, training = configure(
        ...     {"n_layers": 3, "batch_size": "full"}, max_epochs=20, patience=5
        ... )
        >>> model.n_layers, training.batch_size, training.max_epochs
        (3, None, 20)
    """
    values: dict[str, Any] = {**params, "max_epochs": max_epochs, "patience": patience}
    for name, value in values.items():
        values[name] = _checked(name, value)
    if values.get("optimizer") == "nesterov" and values.get("momentum") == 0:
        raise ConfigError("momentum must be above 0 for nesterov, but got 0")
    model = MLPConfig(**{name: values[name] for name in values.keys() & _MODEL_FIELDS})
    training = TrainingConfig(**{name: values[name] for name in values.keys() & _TRAINING_FIELDS})
    return model, training


def _checked(name: str, value: ParameterValue) -> ParameterValue:
    if name not in _MODEL_FIELDS | _TRAINING_FIELDS:
        raise ConfigError(
            f"unknown hyperparameter {name!r}{_nearest(name, _MODEL_FIELDS | _TRAINING_FIELDS)}"
        )
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ConfigError(
                f"{name} must be one of {', '.join(CHOICES[name])}, but got {value!r}"
                f"{_nearest(str(value), CHOICES[name])}"
            )
        return value
    if name in _NONE_WORDS and (value is None or value == _NONE_WORDS[name]):
        return None
    return _checked_number(name, value)


def _checked_number(name: str, value: ParameterValue) -> float | int:
    if value is None or isinstance(value, (str, bool)):
        word = f" or {_NONE_WORDS[name]!r}" if name in _NONE_WORDS else ""
        raise ConfigError(f"{name} must be a number{word}, but got {value!r}")
    if not math.isfinite(value):
        raise ConfigError(f"{name} must be finite, but got {value!r}")
    rules = [
        (name not in _AT_LEAST or value == round(value), "a whole number"),
        (name not in _AT_LEAST or value >= _AT_LEAST[name], f"at least {_AT_LEAST.get(name)}"),
        (name not in _ABOVE_ZERO or value > 0, "above 0"),
        (name not in _NOT_NEGATIVE or value >= 0, "at least 0"),
        (name not in _BELOW_ONE or value < 1, "below 1"),
    ]
    for holds, rule in rules:
        if not holds:
            raise ConfigError(f"{name} must be {rule}, but got {value!r}")
    return value


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
