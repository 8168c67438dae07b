"""What a person can choose for a search, in one frozen record.

The command line's options and the arguments of `automl.search` are the same names. What is
fixed when a study is made, and what may change from call to call, is said beside each field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from search_spaces import SearchSpace
from storage.records import Task

DEFAULT_STORAGE = "sqlite:///automl.db"


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
    target_error: float | None = None

    # How to search: free in each call.
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
