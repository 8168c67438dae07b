"""Networks made bad on purpose on real tables, and default searches that should be healthy.

A case is a study to be searched, with the configurations (or undamaged rows) that would mend
it. What is true of it is not said here: `table_truths.py` trains the mended ones and looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, TypeAlias

from benchmarks import table_damage
from benchmarks.table_damage import Damage
from benchmarks.table_sources import SOURCES
from storage.records import ParameterValue

Params: TypeAlias = Mapping[str, ParameterValue]
Settings: TypeAlias = Mapping[str, str]  # what `--set` is given, by parameter

PLAIN: Settings = {
    "optimizer": "adam",
    "learning_rate": "1e-3..1e-2",
    "batch_size": "64",
    "n_layers": "2",
    "hidden_size": "64",
    "shape": "constant",
    "activation": "relu",
    "initialization": "he",
    "normalization": "none",
    "schedule": "constant",
    "dropout": "0",
    "weight_decay": "1e-5",
    "scaling": "standard",
    "label_smoothing": "0",
}
"""A sensible network of which only the learning rate is searched; cases change some of it."""

UNREGULARIZED: Settings = {"hidden_size": "128", "n_layers": "3", "weight_decay": "0"}

ENLARGED: tuple[Params, ...] = (
    {"hidden_size": 64, "n_layers": 2},
    {"hidden_size": 128, "n_layers": 2, "dropout": 0.3},
    {"hidden_size": 24, "n_layers": 1, "dropout": 0.1, "weight_decay": 1e-3},
)
RESTRAINED: tuple[Params, ...] = (
    {"dropout": 0.4},
    {"weight_decay": 0.01},
    {"dropout": 0.2, "weight_decay": 0.003, "hidden_size": 24, "n_layers": 1},
)
FREED: tuple[Params, ...] = (
    {"dropout": 0.0, "weight_decay": 1e-5, "l1": 0.0},
    {"dropout": 0.2, "weight_decay": 1e-4, "l1": 0.0},
)
GOOD_RATE: tuple[Params, ...] = ({"learning_rate": 3e-3},)

N_ROWS, N_FEW = 2000, 200


@dataclass(frozen=True, slots=True)
class Case:
    """A study to be searched, and what would mend it."""

    kind: str
    table: str
    detail: str = ""
    settings: Settings | None = None  # None: the built-in space
    mended: tuple[Params, ...] = ()  # of which the best on validation rows counts
    causes: frozenset[str] = frozenset()  # right where a mended one is clearly better
    damage: Damage = table_damage.undamaged
    options: Mapping[str, Any] = field(default_factory=dict)  # of the search
    n_rows: int = N_ROWS

    @property
    def name(self) -> str:
        """How `--only` finds it."""
        return f"{self.kind}/{self.table}" + (f"/{self.detail}" if self.detail else "")


def all_cases() -> tuple[Case, ...]:
    """Every case, in rounds of one of each kind: a run that is cut short has seen all kinds."""
    kinds = (
        _too_small(),
        _too_long(),
        _few_rows(),
        _over_regularized(),
        _wrong_rates(),
        _narrow_ranges(),
        _zero_initialization(),
        _leaked(),
        _shifted(),
        _bad_validation(),
        _shuffled(),
        _class_weights(),
        _healthy(),
    )
    return tuple(case for each in zip_longest(*kinds) for case in each if case)


def _plain(**changed: str) -> dict[str, str]:
    return {**PLAIN, **changed}


def _options(n_trials: int = 6, max_epochs: int = 40, **more: Any) -> dict[str, Any]:
    return {"n_trials": n_trials, "max_epochs": max_epochs, **more}


def _too_small() -> Iterable[Case]:
    tables = {
        "1": ("kin8nm", "phoneme", "concrete", "california_housing", "pima_diabetes"),
        "2": ("kin8nm", "letter", "optdigits", "segment", "satimage", "churn", "magic"),
    }
    for width, names in tables.items():
        for name in names:
            yield Case(
                "too small",
                name,
                f"hidden_size={width}",
                _plain(hidden_size=width),
                ENLARGED,
                frozenset({"high_bias", "high_bias_and_variance"}),
                options=_options(),
            )


def _too_long() -> Iterable[Case]:
    epochs = 60
    for name in ("pima_diabetes", "credit_g", "titanic", "abalone", "adult", "churn", "magic"):
        yield Case(
            "trained too long",
            name,
            settings=_plain(**UNREGULARIZED, learning_rate="1e-3..3e-3", batch_size="32"),
            mended=RESTRAINED,
            causes=frozenset({"high_variance", "high_bias_and_variance"}),
            options=_options(3, epochs, patience=epochs, folds=1),
            n_rows=800,
        )


def _few_rows() -> Iterable[Case]:
    tables = ("pima_diabetes", "concrete", "segment", "california_housing", "diamonds")
    for name in (*tables, "spambase", "kin8nm", "satimage", "bike_sharing_hour"):
        yield Case(
            "few rows",
            name,
            settings=_plain(**UNREGULARIZED),
            mended=RESTRAINED,
            causes=frozenset({"high_variance", "high_bias_and_variance"}),
            options=_options(),
            n_rows=N_FEW,
        )


def _over_regularized() -> Iterable[Case]:
    tables: Mapping[tuple[str, str], tuple[str, ...]] = {
        ("weight_decay", "0.3"): ("optdigits", "segment", "concrete", "magic"),
        ("dropout", "0.7"): ("phoneme", "letter"),
        ("dropout", "0.9"): ("kin8nm", "california_housing", "segment", "churn"),
        ("l1", "0.05"): ("kin8nm", "satimage", "abalone", "spambase"),
    }
    for (parameter, value), names in tables.items():
        for name in names:
            yield Case(
                "over-regularized",
                name,
                f"{parameter}={value}",
                _plain(**{parameter: value}),
                FREED,
                frozenset({"over_regularized"}),
                options=_options(),
            )


def _wrong_rates() -> Iterable[Case]:
    slow = {
        "adam 1e-5": ("phoneme", "concrete", "optdigits", "california_housing"),
        "sgd 1e-4": ("segment", "kin8nm"),
    }
    for chosen, names in slow.items():
        for name in names:
            yield _wrong_rate("rate too small", name, chosen, "relu", {"steps_too_small"})
    fast = {
        "adam 1": ("phoneme", "concrete", "optdigits"),
        "sgd 5": ("california_housing", "satimage"),
        "momentum 1": ("kin8nm", "magic"),
    }
    causes = {"steps_too_large", "diverged", "failures"}
    for chosen, names in fast.items():
        activation = "relu" if chosen.startswith("adam") else "tanh"
        for name in names:
            yield _wrong_rate("rate too large", name, chosen, activation, causes)


def _wrong_rate(kind: str, table: str, chosen: str, activation: str, causes: set[str]) -> Case:
    """Optimizer and rate are fixed; dropout is searched, so that trials differ."""
    optimizer, rate = chosen.split()
    settings = _plain(
        optimizer=optimizer, learning_rate=rate, activation=activation, dropout="0..0.2"
    )
    mended: tuple[Params, ...] = ({"optimizer": "adam", "learning_rate": 3e-3},)
    return Case(kind, table, chosen, settings, mended, frozenset(causes), options=_options())


def _narrow_ranges() -> Iterable[Case]:
    narrow: Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[Params, ...]]] = {
        ("dropout", "0.7..0.9"): (("segment", "kin8nm", "optdigits"), FREED),
        ("weight_decay", "0.03..3"): (("concrete", "satimage", "phoneme"), FREED),
        ("hidden_size", "2..6"): (("letter", "kin8nm", "optdigits"), ENLARGED),
        ("learning_rate", "1e-6..1e-5"): (("magic", "concrete", "segment"), GOOD_RATE),
    }
    for (parameter, ends), (names, mended) in narrow.items():
        for name in names:
            yield Case(
                "range without the optimum",
                name,
                f"{parameter}={ends}",
                _plain(**{parameter: ends}),
                mended,
                frozenset({f"range_edge of {parameter}"}),
                options=_options(20, 30),
            )


def _zero_initialization() -> Iterable[Case]:
    for name, preflight in (
        ("segment", False),
        ("concrete", False),
        ("phoneme", False),
        ("satimage", True),
        ("california_housing", True),
    ):
        yield Case(
            "zero initialization",
            name,
            "" if preflight else "no preflight",
            _plain(initialization="zeros"),
            ({"initialization": "he"},),
            frozenset({"symmetric_initialization"}),
            options=_options(preflight=preflight),
        )


def _leaked() -> Iterable[Case]:
    leaks = {
        "category": (table_damage.leaked_category, ("phoneme", "adult", "segment", "diamonds")),
        "sum": (table_damage.leaked_sum, ("concrete", "california_housing", "abalone")),
        "parts": (table_damage.leaked_parts, ("bike_sharing_hour",)),
    }
    for detail, (damage, names) in leaks.items():
        for name in names:
            yield _damaged("leaked", name, damage, {"leakage"}, detail)


def _shifted() -> Iterable[Case]:
    for name in ("california_housing", "diamonds", "magic", "ames_housing", "adult", "concrete"):
        column = str(SOURCES[name].order)
        yield _damaged("shifted", name, table_damage.shifted, {"shift", "selection_gap"}, column)


def _shuffled() -> Iterable[Case]:
    for name in ("phoneme", "concrete", "adult", "letter"):
        yield _damaged("shuffled", name, table_damage.shuffled, {"no_signal"})


def _bad_validation() -> Iterable[Case]:
    damages: Mapping[str, tuple[Damage, set[str], tuple[str, ...]]] = {
        "shuffled": (
            table_damage.shuffled_validation,
            VALIDATION_KINDS,
            ("phoneme", "kin8nm", "optdigits"),
        ),
        "tiny": (table_damage.tiny_validation, VALIDATION_KINDS, ("phoneme", "kin8nm", "titanic")),
        "repeated": (
            table_damage.repeated_validation,
            {"duplicated_rows"},
            ("magic", "concrete", "letter"),
        ),
    }
    for kind, (damage, causes, names) in damages.items():
        for name in names:
            yield _damaged(f"{kind} validation", name, damage, causes)


VALIDATION_KINDS = {"too_little_evidence", "selection_gap", "validation_mismatch", "shift"}
"""What can rightly be said of validation rows that are few, or other than the test rows."""


def _damaged(kind: str, table: str, damage: Damage, causes: set[str], detail: str = "") -> Case:
    options = _options()
    return Case(kind, table, detail, PLAIN, ({},), frozenset(causes), damage, options)


def _class_weights() -> Iterable[Case]:
    for name in ("churn", "credit_g", "adult", "phoneme", "pima_diabetes"):
        options = _options(12, 30, class_weights=True)
        yield Case("class weights", name, options=options)


def _healthy() -> Iterable[Case]:
    for name in SOURCES:
        yield Case("healthy", name, options=_options(25, 30))
