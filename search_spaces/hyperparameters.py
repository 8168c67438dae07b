"""The values that each hyperparameter can take at all, whatever a search space makes of it.

This is the one place of these rules: TOML files, `--set` and spaces written in Python are
checked against it. A search space says which of the possible values are worth trying; see
`mlp.toml`. What the values do is in `automl/models` and `automl/training`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from search_spaces.errors import SearchSpaceError, listed, nearest
from storage.records import ParameterValue, Task


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is an int or a float; True and False are neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Numbers:
    """An interval of numbers."""

    low: float
    high: float = math.inf
    low_is_open: bool = False
    high_is_open: bool = False
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_is_open else value >= self.low
        below = value < self.high if self.high_is_open else value <= self.high
        return math.isfinite(value) and above and below and (not self.whole or value % 1 == 0)

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f"{'above' if self.low_is_open else 'from'} {self.low:g}"
        if math.isinf(self.high):
            return f"{kind} {low}" + ("" if self.low_is_open else " upwards")
        return f"{kind} {low} {'to below' if self.high_is_open else 'to'} {self.high:g}"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """What one hyperparameter means and which values it can take: words, numbers, or both."""

    name: str
    meaning: str
    words: tuple[str, ...] = ()
    numbers: Numbers | None = None
    log: bool = False  # whether a range of it is natural on a logarithmic scale
    tasks: tuple[Task, ...] = ()  # the tasks it exists for; empty: all

    @property
    def allowed(self) -> str:
        """The possible values, in words for a message."""
        parts = [str(self.numbers)] if self.numbers else []
        parts += [f"one of {listed(self.words)}"] if len(self.words) > 1 else list(self.words)
        return ", or ".join(parts)

    def check(self, value: object) -> ParameterValue:
        """Return the value in its own type: an int if numbers are whole, else a float.

        Raises:
            SearchSpaceError: the hyperparameter cannot take the value.
        """
        if isinstance(value, str) and value in self.words:
            return value
        if self.numbers and is_number(value) and value in self.numbers:
            return int(value) if self.numbers.whole else float(value)
        hint = nearest(value, self.words) if isinstance(value, str) else ""
        raise SearchSpaceError(
            f"{self.name} must be {self.allowed}, but got {value!r}.{hint}", parameter=self.name
        )


CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")

_FRACTION = Numbers(0, 1)
_FRACTION_BELOW_1 = Numbers(0, 1, high_is_open=True)
_ABOVE_0 = Numbers(0, low_is_open=True)
_COUNT = Numbers(1, whole=True)

HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    hyperparameter.name: hyperparameter
    for hyperparameter in (
        Hyperparameter("learning_rate", "step size of an update", (), _ABOVE_0, log=True),
        Hyperparameter(
            "batch_size", "rows per update; full: all train rows", ("full",), _COUNT, log=True
        ),
        Hyperparameter(
            "optimizer",
            "rule that turns gradients into updates",
            ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"),
        ),
        Hyperparameter("momentum", "share of the last update that is kept", (), _FRACTION_BELOW_1),
        Hyperparameter(
            "schedule",
            "course of the learning rate over the epochs",
            ("constant", "exponential", "step", "cosine", "one_cycle", "switch_to_sgd"),
        ),
        Hyperparameter("decay_fraction", "share of max_epochs for a tenfold decay", (), _ABOVE_0),
        Hyperparameter(
            "switch_fraction", "share of max_epochs before the switch to SGD", (), _FRACTION
        ),
        Hyperparameter(
            "warmup_fraction", "share of max_epochs of linear warm-up", (), _FRACTION_BELOW_1
        ),
        Hyperparameter("n_layers", "hidden layers", (), _COUNT),
        Hyperparameter("hidden_size", "units of the first hidden layer", (), _COUNT, log=True),
        Hyperparameter(
            "shape", "funnel: each layer has half the units of the last", ("constant", "funnel")
        ),
        Hyperparameter(
            "activation",
            "function after each hidden layer",
            ("sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "maxout"),
        ),
        Hyperparameter(
            "initialization",
            "distribution of the first weights",
            ("zeros", "normal", "xavier", "he", "he_fan_in", "orthogonal"),
        ),
        Hyperparameter(
            "normalization",
            "of each hidden layer's signals",
            ("none", "batch_norm", "layer_norm"),
        ),
        Hyperparameter("dropout", "share of hidden units left out", (), _FRACTION_BELOW_1),
        Hyperparameter("input_dropout", "share of inputs left out", (), _FRACTION_BELOW_1),
        Hyperparameter("weight_decay", "L2 penalty of the weights", (), Numbers(0), log=True),
        Hyperparameter("l1", "L1 penalty of the weights", (), Numbers(0), log=True),
        Hyperparameter(
            "max_norm", "limit of each unit's incoming weights", ("none",), _ABOVE_0, log=True
        ),
        Hyperparameter(
            "gradient_clip_norm", "limit of the whole gradient", ("none",), _ABOVE_0, log=True
        ),
        Hyperparameter(
            "label_smoothing",
            "share of the target spread over all classes",
            (),
            _FRACTION_BELOW_1,
            tasks=CLASSIFICATION,
        ),
        Hyperparameter("scaling", "of the inputs", ("standard", "min_max", "robust", "quantile")),
    )
}
"""Every hyperparameter by its name, in the order in which people read them."""


def hyperparameter(name: str) -> Hyperparameter:
    """Find a hyperparameter by its name.

    Raises:
        SearchSpaceError: there is none; the message names the nearest.
    """
    if name not in HYPERPARAMETERS:
        hint = nearest(name, HYPERPARAMETERS) or f" Known are {listed(HYPERPARAMETERS)}."
        raise SearchSpaceError(f"There is no hyperparameter {name!r}.{hint}", parameter=name)
    return HYPERPARAMETERS[name]
