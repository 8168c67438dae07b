"""The registry: every hyperparameter, what it means, which values it can take, its default.

This is the one place of these facts. TOML files, `--set` and spaces written in Python are
checked against it, and so is what a run is configured with (`automl/training/config.py`, whose
defaults are these); verdicts ask it for the hyperparameters of a role. A search space says
which of the possible values are worth trying: see `mlp.toml`. A space of another family
declares hyperparameters of its own: see `declared.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.intervals import Numbers, is_number
from storage.records import ParameterValue, Task

Role = Literal[
    "step size",
    "batch size",
    "optimizer",
    "momentum",
    "schedule",
    "depth",
    "width",
    "shape",
    "activation",
    "initialization",
    "normalization",
    "regularization",
    "gradient clipping",
    "scaling",
    "encoding",
]
"""What a hyperparameter does in a network of any family; advice asks for these."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)

TRAINING: Final = "training"
"""The family of hyperparameters that every network has: those of how it is trained."""

_WORD: Final = (str, bool)  # made once: each `str | bool` would be a new object

CLASSIFICATION: Final[tuple[Task, ...]] = ("binary", "multiclass")


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """What one hyperparameter means and which values it can take: words, numbers, or both.

    A word beside numbers stands for having none of it: "none", or "full" for a batch.
    """

    name: str
    meaning: str
    words: tuple[str | bool, ...] = ()
    numbers: Numbers | None = None
    log: bool = False  # whether a range of it is natural on a logarithmic scale
    default: ParameterValue = None
    useful: tuple[float, float] = (-math.inf, math.inf)  # beyond, no search needs to look
    role: Role | None = None
    family: str = TRAINING  # whose it is: of every network's training, or of one family
    tasks: tuple[Task, ...] = ()  # the tasks it exists for; empty: all

    @property
    def allowed(self) -> str:
        """The possible values, in words for a message."""
        words = [spelled(word) for word in self.words]
        parts = [str(self.numbers)] if self.numbers else []
        parts += [f"one of {listed(words)}"] if len(words) > 1 else words
        return ", or ".join(parts)

    def check(self, value: object) -> ParameterValue:
        """Return the value in its own type: an int if numbers are whole, else a float.

        Raises:
            SearchSpaceError: the hyperparameter cannot take the value.
        """
        numbers = self.numbers
        if isinstance(value, _WORD):
            if value in self.words:
                return value
        elif numbers is not None and is_number(value) and value in numbers:
            return int(value) if numbers.whole else float(value)
        words = [word for word in self.words if isinstance(word, str)]
        hint = nearest(value, words) if isinstance(value, str) else ""
        raise SearchSpaceError(
            f"{self.name} must be {self.allowed}, but got {value!r}.{hint}", parameter=self.name
        )

    def setting(self, value: ParameterValue) -> ParameterValue:
        """The checked value as a field of a configuration: None for a word beside numbers."""
        checked = self.check(value)
        return None if isinstance(checked, str) and self.numbers else checked


def spelled(word: object) -> str:
    """A value as it is typed: `true` rather than `True`."""
    return str(word).lower() if isinstance(word, bool) else str(word)


_FRACTION = Numbers(0, 1)
_FRACTION_BELOW_1 = Numbers(0, 1, high_is_open=True)
_ABOVE_0 = Numbers(0, low_is_open=True)
_COUNT = Numbers(1, whole=True)

MOST_BINS: Final = 960  # of a numeric column; 8, 12, 16, 24, 32, 48, 64 and 96 divide it

_OF_TRAINING = (
    Hyperparameter(
        "learning_rate",
        "step size of an update",
        numbers=_ABOVE_0,
        log=True,
        default=1e-3,  # Adam's own: Kingma & Ba 2015, algorithm 1
        # For inputs of spread 1 typically below 1: Bengio 2012, Practical recommendations for
        # gradient-based training of deep architectures, section 3.1.1.
        useful=(1e-7, 1.0),
        role="step size",
    ),
    Hyperparameter(
        "batch_size",
        "rows per update; full: all train rows",
        ("full",),
        _COUNT,
        log=True,
        default=32,  # Bengio 2012, section 3.1.1
        useful=(1, 8192),  # Goyal et al. 2017: beyond, accuracy falls however rates are set
        role="batch size",
    ),
    Hyperparameter(
        "optimizer",
        "rule that turns gradients into updates",
        ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"),
        default="adam",
        role="optimizer",
    ),
    Hyperparameter(
        "momentum",
        "share of the last update that is kept; without any it is sgd",
        numbers=Numbers(0, 1, low_is_open=True, high_is_open=True),
        default=0.9,
        useful=(0.1, 0.999),
        role="momentum",
    ),
    Hyperparameter(
        "schedule",
        "course of the learning rate over the epochs",
        ("constant", "exponential", "step", "cosine", "one_cycle", "switch_to_sgd"),
        default="constant",
        role="schedule",
    ),
    Hyperparameter(
        "decay_fraction",
        "share of max_epochs for a tenfold decay",
        numbers=_ABOVE_0,
        default=0.5,
        useful=(0.05, 10.0),
        role="schedule",
    ),
    Hyperparameter(
        "switch_fraction",
        "share of max_epochs before the switch to SGD",
        numbers=_FRACTION,
        default=0.7,
        useful=(0.05, 1.0),
        role="schedule",
    ),
    Hyperparameter(
        "warmup_fraction",
        "share of max_epochs of linear warm-up",
        numbers=_FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.5),
        role="schedule",
    ),
    Hyperparameter(
        "weight_decay",
        "L2 penalty of the weights",
        numbers=Numbers(0),
        log=True,
        default=0.0,
        useful=(1e-6, 10.0),  # 1e-6 already does nothing
        role="regularization",
    ),
    Hyperparameter(
        "l1",
        "L1 penalty of the weights",
        numbers=Numbers(0),
        log=True,
        default=0.0,
        useful=(1e-7, 1.0),
        role="regularization",
    ),
    Hyperparameter(
        "max_norm",
        "limit of each unit's incoming weights",
        ("none",),
        _ABOVE_0,
        log=True,
        default="none",
        useful=(0.1, 100.0),  # published limits are 3 to 4: Srivastava et al. 2014
        role="regularization",
    ),
    Hyperparameter(
        "gradient_clip_norm",
        "limit of the whole gradient",
        ("none",),
        _ABOVE_0,
        log=True,
        default="none",
        useful=(1e-3, 1e3),
        role="gradient clipping",
    ),
    Hyperparameter(
        "label_smoothing",
        "share of the target spread over all classes",
        numbers=_FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.5),
        role="regularization",
        tasks=CLASSIFICATION,
    ),
)

_OF_MLP = (
    Hyperparameter(
        "n_layers",
        "hidden layers",
        numbers=Numbers(0, whole=True),  # without any it is a linear model
        default=2,
        useful=(1, 20),
        role="depth",
        family="mlp",
    ),
    Hyperparameter(
        "hidden_size",
        "units of the first hidden layer",
        numbers=_COUNT,
        log=True,
        default=64,
        useful=(1, 4096),
        role="width",
        family="mlp",
    ),
    Hyperparameter(
        "shape",
        "funnel: each layer has half the units of the last",
        ("constant", "funnel"),
        default="constant",
        role="shape",
        family="mlp",
    ),
    Hyperparameter(
        "activation",
        "function after each hidden layer",
        ("sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "maxout"),
        default="relu",
        role="activation",
        family="mlp",
    ),
    Hyperparameter(
        "initialization",
        "distribution of the first weights",
        ("zeros", "normal", "xavier", "he", "he_fan_in", "orthogonal"),
        default="he_fan_in",
        role="initialization",
        family="mlp",
    ),
    Hyperparameter(
        "normalization",
        "of each hidden layer's signals",
        ("none", "batch_norm", "layer_norm"),
        default="none",
        role="normalization",
        family="mlp",
    ),
    Hyperparameter(
        "dropout",
        "share of hidden units left out",
        numbers=_FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.9),
        role="regularization",
        family="mlp",
    ),
    Hyperparameter(
        "input_dropout",
        "share of inputs left out",
        numbers=_FRACTION_BELOW_1,
        default=0.0,
        useful=(0.0, 0.9),
        role="regularization",
        family="mlp",
    ),
    Hyperparameter(
        "scaling",
        "of the inputs",
        ("standard", "min_max", "robust", "quantile", "robust_clip"),
        default="standard",
        role="scaling",
        family="mlp",
    ),
    Hyperparameter(
        "numeric_encoding",
        "what a numeric column becomes before the first layer",
        ("none", "piecewise_linear", "periodic"),
        default="none",
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "encoding_size",
        "numbers per encoded column that enter the first layer",
        numbers=Numbers(2, whole=True),
        log=True,
        default=16,  # TabM's for piecewise_linear: Gorishniy et al. 2024, arXiv 2410.24210
        useful=(2, 128),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "n_bins",
        "quantile bins per column of piecewise_linear",
        numbers=Numbers(1, MOST_BINS, whole=True),
        log=True,
        default=48,  # TabM's
        useful=(2, 256),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "n_frequencies",
        "cosines per column of periodic",
        numbers=_COUNT,
        log=True,
        default=16,  # RealMLP's: Holzmüller et al. 2024, arXiv 2407.04491
        useful=(2, 256),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "frequency_scale",
        "standard deviation of the first frequencies of periodic",
        numbers=_ABOVE_0,
        log=True,
        default=0.1,  # RealMLP's
        useful=(1e-3, 100.0),
        role="encoding",
        family="mlp",
    ),
    Hyperparameter(
        "input_scaling",
        "whether each input of the first layer has a learned factor",
        ("none", "learned"),
        default="none",
        role="encoding",
        family="mlp",
    ),
)

HYPERPARAMETERS: Final[Mapping[str, Hyperparameter]] = {
    one.name: one for one in (*_OF_TRAINING, *_OF_MLP)
}
"""Every hyperparameter by its name; whose own it is says its family."""

REGISTERED_FAMILIES: Final = frozenset(one.family for one in HYPERPARAMETERS.values()) - {TRAINING}
"""Families whose hyperparameters are all here: their spaces declare none of their own."""


def hyperparameter(name: str) -> Hyperparameter:
    """Find a hyperparameter by its name.

    Raises:
        SearchSpaceError: there is none; the message names the nearest.
    """
    if name not in HYPERPARAMETERS:
        raise unknown_name(name, HYPERPARAMETERS)
    return HYPERPARAMETERS[name]


def defaults(family: str) -> dict[str, Any]:
    """The defaults of a family's hyperparameters ("training": of every network's training).

    As fields of a configuration have them: None for "none" and "full".
    """
    return {
        name: one.setting(one.default)
        for name, one in HYPERPARAMETERS.items()
        if one.family == family
    }


def unknown_name(name: str, known: Collection[str]) -> SearchSpaceError:
    """The error that a name is none of the known ones; it names the nearest, or all."""
    hint = nearest(name, known) or f" Known are {listed(known)}."
    return SearchSpaceError(f"There is no hyperparameter {name!r}.{hint}", parameter=name)
