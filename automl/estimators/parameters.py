"""The parameters of the estimators: options of a search, under the same names.

What `fit` is told otherwise is none of them: the target and its task, groups, weights, rows that
come apart. `seed` is called `random_state`, as everywhere in scikit-learn, where `warm_start`
means something else, and so is missing. A study is kept only where `storage` says so. All is
stored as it is given and made plain in `fit`, by the rules of the options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from automl.errors import ConfigError
from automl.options.option import OptionRecord, option, options_in
from automl.options.search_options import (
    AnswerOptions,
    DecisionOptions,
    EndOptions,
    ExecutorOptions,
    LimitOptions,
    MetricOptions,
    NetworkOptions,
    RivalOptions,
    SearchOptions,
)
from automl.options.values import DATABASE, DEFAULT_STORAGE, SEED, Rule, Unfit, optional


def as_in_search(name: str) -> Any:
    """A field that is an option of a search, with its default, rule and help."""
    (one,) = (each for each in fields(SearchOptions) if each.name == name)
    return field(default=one.default, metadata=one.metadata)


def _seed(value: Any) -> int:
    """A seed as it is, or drawn: of a generator the next one, of None NumPy's global one's."""
    if value is None:
        return int(np.random.randint(2**31))
    if isinstance(value, np.random.RandomState):
        return int(value.randint(2**31))
    try:
        return int(SEED.plain("random_state", value))
    except ConfigError:
        raise Unfit from None


RANDOM_STATE = Rule(f"{SEED.words}, a numpy.random.RandomState, or None", _seed)


@dataclass(frozen=True, kw_only=True)
class RowParameters(OptionRecord):
    """How the columns of X are read, and its rows divided."""

    valid_fraction: float | None = as_in_search("valid_fraction")
    test_fraction: float | None = as_in_search("test_fraction")
    folds: int | None = as_in_search("folds")
    split_seed: int = as_in_search("split_seed")
    time: str | None = as_in_search("time")
    drop: Sequence[str] = as_in_search("drop")
    categorical: Sequence[str] = as_in_search("categorical")
    numeric: Sequence[str] = as_in_search("numeric")
    date: Sequence[str] = as_in_search("date")
    missing: Sequence[str] = as_in_search("missing")


@dataclass(frozen=True, kw_only=True)
class EstimatorParameters(
    ExecutorOptions,
    RivalOptions,
    AnswerOptions,
    DecisionOptions,
    RowParameters,
    EndOptions,
    MetricOptions,
    LimitOptions,
    NetworkOptions,
):
    """The parameters of both estimators."""

    set: Sequence[str] | Mapping[str, Any] = as_in_search("set")
    max_epochs: int = as_in_search("max_epochs")
    patience: int = as_in_search("patience")
    widen: bool = as_in_search("widen")
    random_state: int | np.random.RandomState | None = option(
        0, RANDOM_STATE, "Other trials, weights, row orders. None: others in each fit."
    )
    study: str | None = as_in_search("study")
    storage: str | None = option(
        None,
        optional(DATABASE),
        "Database URL where the study stays. Default: it goes when the estimator is fitted. "
        "Without `study` each fit makes a study of its own there; with one it continues that.",
    )

    def search_options(self, directory: str) -> dict[str, Any]:
        """The options of `automl.search` that these come to.

        Args:
            directory: where the database is made of a study that is not to stay.
        """
        return {
            **options_in(self, SearchOptions),
            "seed": self.random_state,
            "storage": self.storage or f"sqlite:///{directory}/{_FILE}",
            "new": self.storage is not None and self.study is None,
        }


_FILE = DEFAULT_STORAGE.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class ClassifierParameters(EstimatorParameters):
    """The parameters of `AutoMLClassifier`."""

    class_weights: bool = as_in_search("class_weights")


@dataclass(frozen=True, kw_only=True)
class RegressorParameters(EstimatorParameters):
    """The parameters of `AutoMLRegressor`."""

    loss: str | None = as_in_search("loss")
