"""What a person can choose for a search, in one frozen record.

The command line's options and the arguments of `automl.search` are the same names. What is
fixed when a study is made, and what may change from call to call, is said beside each field.
The two `...Keywords` repeat names and types for editors and type checkers (PEP 692), and a
test holds them against the record; `spelled_out` shows the same to notebooks. `RULES` says what
each option can be, wherever it comes from; automl/options/values.py has the kinds of rules.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar

from automl.options.values import (
    BYTES,
    DATABASE,
    DEFAULT_STORAGE,
    FLAG,
    MEMO,
    MOST_SEED,
    NAME,
    SECONDS,
    SOURCE,
    TEXT,
    TEXTS,
    Rule,
    either,
    matching,
    number,
    one_of,
    optional,
    text_or,
    whole,
)
from search_spaces import SearchSpace
from storage.records import Task

COUNT = whole(1)
TRIAL_NUMBER = whole(0)
WORKERS = either("auto", COUNT)

RULES: Mapping[str, Rule] = {
    "target": optional(NAME),
    "task": optional(one_of("binary", "multiclass", "regression")),
    "loss": optional(TEXT),
    "drop": TEXTS,
    "categorical": TEXTS,
    "numeric": TEXTS,
    "date": TEXTS,
    "missing": TEXTS,
    "keep_missing_class": FLAG,
    "valid": SOURCE,
    "test": SOURCE,
    "group": optional(NAME),
    "time": optional(NAME),
    "folds": optional(COUNT),
    "split_seed": whole(0, MOST_SEED),
    "class_weights": FLAG,
    "study": optional(TEXT),
    "storage": DATABASE,
    "new": FLAG,
    "space": text_or((Path, SearchSpace), "a built-in space, a TOML file or a SearchSpace"),
    "set": TEXTS,
    "max_epochs": COUNT,
    "patience": COUNT,
    "seed": whole(0, MOST_SEED),
    "target_error": optional(number(0.0, "an error from 0, as 0.05 for 5 %")),
    "n_trials": COUNT,
    "timeout": optional(SECONDS),
    "sampler": TEXT,
    "pruner": TEXT,
    "keep_models": COUNT,
    "keep_bytes": optional(BYTES),
    "preflight": FLAG,
    "references": FLAG,
    "workers": WORKERS,
    "slots": optional(COUNT),
    "trial_timeout": optional(SECONDS),
    "memory_limit": optional(BYTES),
    "device": matching(r"cpu|mps|cuda(:[0-9]{1,3})?", "cpu, cuda or cuda:N"),
    "trainer": TEXT,
    "command": MEMO,
}
"""What each option can be; where it is told in more words, that is where the names are known."""


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
    references: bool = True  # a linear model and boosted trees beside guessing

    # Where to train: free in each call.
    workers: int | Literal["auto"] = "auto"
    slots: int | None = None  # trials in training at once; None: planned
    trial_timeout: float | None = None  # seconds
    memory_limit: int | None = None  # bytes per worker
    device: str = "cpu"
    trainer: Literal["stacked", "plain"] = "stacked"

    command: str = ""  # what the person typed, for the report

    def __post_init__(self) -> None:
        """Make every value plain: numbers of NumPy become Python's, lists become tuples.

        Raises:
            ConfigError: a value is none that its option can have.
        """
        for name, rule in RULES.items():
            object.__setattr__(self, name, rule.plain(name, getattr(self, name)))


class FreeKeywords(TypedDict, total=False):
    """Further options that are free in each call: how to search, and where to train."""

    target_error: float | None
    sampler: str
    pruner: str
    keep_models: int
    keep_bytes: int | None
    preflight: bool
    references: bool
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
