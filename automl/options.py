"""What a person can choose for a search, in one frozen record.

The command line's options and the arguments of `automl.search` are the same names. What is
fixed when a study is made, and what may change from call to call, is said beside each field.
The two `...Keywords` repeat names and types for editors and type checkers (PEP 692), and a
test holds them against the record; `spelled_out` shows the same to notebooks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar

from automl.errors import ConfigError
from search_spaces import SearchSpace
from storage.records import Task

DEFAULT_STORAGE = "sqlite:///automl.db"

COUNTS = ("n_trials", "slots", "keep_models", "max_epochs", "patience")
SECONDS = ("timeout", "trial_timeout")
LISTS = ("drop", "categorical", "numeric", "date", "missing", "set")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """The options of a search; defaults are those of the command line."""

    # The data: fixed when the study is made.
    target: str | None = None  # None where the source has one of its own (sklearn:NAME, .npz)
    task: Task | None = None  # None: inferred
    loss: str | None = None  # None: the task's usual one
    drop: Sequence[str] = ()
    categorical: Sequence[str] = ()
    numeric: Sequence[str] = ()
    date: Sequence[str] = ()
    missing: Sequence[str] = ()  # marks of missing cells: "-999", or "age=0" in one column
    keep_missing_class: bool = False  # "NA" and the like are a class of the target
    valid: Any = None
    test: Any = None
    group: str | None = None
    time: str | None = None
    folds: int | None = None  # None: 5 under 1,000 rows, else 1
    split_seed: int = 0
    class_weights: bool = False

    # The study: fixed when it is made.
    study: str | None = None  # None: the data's name and target, "titanic-Survived"
    storage: str = DEFAULT_STORAGE
    new: bool = False  # make another study beside one of the same name
    space: str | Path | SearchSpace = "mlp"
    set: Sequence[str] = ()  # "optimizer=adam", "learning_rate=1e-4..1e-2"
    max_epochs: int = 50
    patience: int = 10
    seed: int = 0

    # How to search: free in each call.
    target_error: float | None = None  # hoped for; the verdict is held against it
    n_trials: int = 100
    timeout: float | None = None  # seconds
    sampler: str = "tpe"
    pruner: str = "successive_halving"
    keep_models: int = 5
    keep_bytes: int | None = None
    preflight: bool = True

    # Where to train: free in each call.
    workers: int | Literal["auto"] = "auto"
    slots: int | None = None  # trials in training at once; None: planned
    trial_timeout: float | None = None  # seconds
    memory_limit: int | None = None  # bytes per worker
    device: str = "cpu"
    trainer: Literal["stacked", "plain"] = "stacked"

    command: str = ""  # what the person typed, for the report

    def __post_init__(self) -> None:
        """Refuse what the command line refuses by itself.

        Raises:
            ConfigError: a count, a time or a list is none.
        """
        for name in COUNTS:
            self._check(name, "a whole number from 1", _is_count)
        if self.workers != "auto":
            self._check("workers", "a whole number from 1, or 'auto'", _is_count)
        for name in SECONDS:
            self._check(name, "a number of seconds", _is_time)
        for name in LISTS:  # a text is a sequence too, of its letters
            self._check(name, "a list of texts", lambda value: not isinstance(value, str))

    def _check(self, name: str, rule: str, holds: Callable[[Any], bool]) -> None:
        value = getattr(self, name)
        if value is not None and not holds(value):
            fix = f"; write [{value!r}]" if name in LISTS else ""
            raise ConfigError(f"{name} must be {rule}, but got {value!r}{fix}")


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and int(value) >= 1


def _is_time(value: Any) -> bool:
    return isinstance(value, Real) and float(value) >= 0


class FreeKeywords(TypedDict, total=False):
    """Further options that are free in each call: how to search, and where to train."""

    target_error: float | None
    sampler: str
    pruner: str
    keep_models: int
    keep_bytes: int | None
    preflight: bool
    workers: int | Literal["auto"]
    slots: int | None
    trial_timeout: float | None
    memory_limit: int | None
    device: str
    trainer: Literal["stacked", "plain"]
    command: str


class SearchKeywords(FreeKeywords, total=False):
    """All options but those that `automl.search` names itself."""

    task: Task | None
    loss: str | None
    drop: Sequence[str]
    categorical: Sequence[str]
    numeric: Sequence[str]
    date: Sequence[str]
    missing: Sequence[str]
    keep_missing_class: bool
    valid: Any
    test: Any
    group: str | None
    time: str | None
    folds: int | None
    split_seed: int
    class_weights: bool
    study: str | None
    storage: str
    new: bool
    space: str | Path | SearchSpace
    set: Sequence[str]
    max_epochs: int
    patience: int
    seed: int


Function = TypeVar("Function", bound=Callable[..., Any])


def spelled_out(keywords: type) -> Callable[[Function], Function]:
    """Show notebooks the keywords of a function that takes `**options`, with their defaults."""

    def spell_out(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=field.type,
            )
            for field in fields(SearchOptions)
            if field.name in keywords.__annotations__
        ]
        function.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        return function

    return spell_out
