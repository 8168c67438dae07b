"""What a person can choose for a search: every option, written once.

The names are those of the command line and of the arguments of `automl.search`, and help lists
them in this order. The record that an option is in says whether it is fixed when a study is made
(what the data are, what is searched) or free in each call (how to search, where to train);
continuing a study, advice and the error that names what differs go by the same records.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from automl.options.assignments import ASSIGNMENTS
from automl.options.data_options import DataOptions
from automl.options.option import OptionRecord, option
from automl.options.values import (
    AMOUNT,
    BYTES,
    COUNT,
    DATABASE,
    DEFAULT_STORAGE,
    EPOCH_STEPS,
    FLAG,
    MEMO,
    MODEL,
    SECONDS,
    SEED,
    SPACE,
    SPAN,
    STUDIES,
    TEXT,
    WORKERS,
    matching,
    number,
    one_of,
    optional,
    whole,
)
from storage.score_records import METRICS

if TYPE_CHECKING:
    from search_spaces import SearchSpace
    from storage.records import StudyRecords

DEFAULT_N_TRIALS = 100
"""Of a search to which nobody has set a time or a number of epochs."""

OPTUNA = "optuna"  # the policy that asks whichever sampler and pruner are named

ANSWER = one_of("auto", "single", "ensemble", "smallest", "seeds", "refit")
METRIC = one_of(*dict.fromkeys(name for names in METRICS.values() for name in names))
LOSS = number(-math.inf, "a validation loss: a number")
ERROR = number(0.0, "an error from 0, as 0.05 for 5 %")
MOST_ROWS = 2**16  # of one call: more are predicted in parts
DEVICE = matching(r"cpu|mps|cuda(:[0-9]{1,3})?", "cpu, cuda or cuda:N")


@dataclass(frozen=True, kw_only=True)
class NameOptions(OptionRecord):
    """Where a study is kept, and under which name."""

    study: str | None = option(
        None, optional(TEXT), "Default: the data's name and the target.", metavar="NAME"
    )
    storage: str = option(DEFAULT_STORAGE, DATABASE, "Database URL of the studies.")
    new: bool = option(False, FLAG, "Make another study beside one of the same name.")


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(OptionRecord):
    """Which networks are searched, and what an epoch of theirs is."""

    model: Any = option(
        None, MODEL, "Your own nn.Module: my_file.py:build, called as build(params, dataset)."
    )
    space: str | Path | SearchSpace = option("mlp", SPACE, "Built-in space or TOML file.")
    # Source of 256 and of 15: benchmarks/epochs.py, see ARCHITECTURE.md.
    epoch_steps: int | Literal["full"] = option(
        256,
        EPOCH_STEPS,
        "An epoch is a pass over the train rows, or so many updates where a pass takes more.",
    )
    portfolio: bool = option(
        True, FLAG, "Try first what did well on many tables, as far as the space has it."
    )


@dataclass(frozen=True, kw_only=True)
class KnowledgeOptions(OptionRecord):
    """What is known of good values already, and whether ranges are to be taken at their word."""

    widen: bool = option(
        False, FLAG, "Double a range, as the search goes on, whose end the best trials crowd."
    )
    # Of another database: URL#STUDY.
    warm_start: Sequence[str | StudyRecords] = option(
        (), STUDIES, "Learn from earlier studies, of other data too."
    )


@dataclass(frozen=True, kw_only=True)
class TrialOptions(OptionRecord):
    """What a trial may be, how long it trains, and by which seed."""

    # In Python a mapping too: {"optimizer": "adam", "learning_rate": (1e-4, 1e-2)}.
    set: Sequence[str] | Mapping[str, Any] = option(
        (),
        ASSIGNMENTS,
        "Fix or narrow: optimizer=adam, learning_rate=1e-4..1e-2, activation=relu,tanh.",
        metavar="NAME=VALUE",
    )
    max_epochs: int = option(50, COUNT, "Epochs of a trial at most.")
    patience: int = option(15, COUNT, "Epochs without gain that end a trial.")
    seed: int = option(0, SEED, "Other trials, weights, row orders.")


@dataclass(frozen=True, kw_only=True)
class LimitOptions(OptionRecord):
    """What a network may be at most: a larger or slower one is not trained."""

    max_parameters: int | str | None = option(
        None, optional(AMOUNT), "Most trainable numbers of a network."
    )
    max_latency: float | str | None = option(
        None, optional(SPAN), "Most time of one call of a network, on one core of this machine."
    )
    latency_rows: int = option(1, whole(1, MOST_ROWS), "Rows in that call.")


# Fields of a record that inherits from several come in the order of the last one first.


@dataclass(frozen=True, kw_only=True)
class StudyOptions(LimitOptions, TrialOptions, KnowledgeOptions, NetworkOptions, NameOptions):
    """What a study is, beside its data."""


@dataclass(frozen=True, kw_only=True)
class HopeOptions(OptionRecord):
    """What a person hopes for."""

    # What is hoped for decides nothing; the verdict is held against it.
    target_error: float | None = option(
        None, optional(ERROR), "Error rate or RMSE that you hope to reach."
    )


@dataclass(frozen=True, kw_only=True)
class MetricOptions(OptionRecord):
    """What a study is after. A call that does not say so leaves it as it was."""

    # Training, pruning and the best epoch go by the loss, which is less noisy.
    metric: str | None = option(
        None,
        optional(METRIC),
        "What is handed over is chosen by it, on validation rows; of two classes its threshold "
        "too. Default: the study's, else the loss.",
    )


@dataclass(frozen=True, kw_only=True)
class EndOptions(OptionRecord):
    """What ends a search: whichever comes first, see automl/tuning/stopping.py."""

    n_trials: int | None = option(
        None,
        optional(COUNT),
        "Total, earlier calls included. Default: 100, or as many as fit into a time or epochs.",
    )
    timeout: float | str | None = option(None, optional(SECONDS), "Time for the whole call.")
    max_epochs_total: int | None = option(
        None, optional(COUNT), "Epochs of all trials, earlier calls included."
    )
    target_loss: float | None = option(
        None, optional(LOSS), "Validation loss that is enough: the search ends with it."
    )
    patience_trials: int | None = option(
        None, optional(COUNT), "Trials without a better validation loss that end the search."
    )

    @property
    def total(self) -> int | None:
        """How many trials the study is to have; None: as many as fit into what limits it."""
        if self.n_trials is None and self.timeout is None and self.max_epochs_total is None:
            return DEFAULT_N_TRIALS
        return self.n_trials


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who decides, by name; defaults are those of a search for which nobody named any.

    Attributes:
        sampler, pruner: also where the policy asks none.
    """

    policy: str = "freeze_thaw"
    sampler: str = "tpe"
    pruner: str = "successive_halving"


@dataclass(frozen=True, kw_only=True)
class DecisionOptions(OptionRecord):
    """What is tried, and what goes on."""

    policy: str | None = option(
        None,
        optional(TEXT),
        "What is tried, and what goes on: freeze_thaw (default) or promotion, whose trials pause; "
        "or optuna, the default where a sampler or pruner is named.",
    )
    sampler: str | None = option(
        None, optional(TEXT), "Of optuna and promotion: tpe (default), random, qmc or gp."
    )
    pruner: str | None = option(
        None,
        optional(TEXT),
        "Of optuna: successive_halving (default), hyperband, median or none.",
    )
    duplicates: bool = option(False, FLAG, "Train the same params again, too, with another seed.")

    @property
    def deciders(self) -> Deciders:
        """Who decides: whoever names a sampler or a pruner and no policy wants Optuna's."""
        given = {each.name: getattr(self, each.name) for each in fields(Deciders)}
        named = {name: value for name, value in given.items() if value is not None}
        return Deciders(**({"policy": OPTUNA} | named if named else {}))


@dataclass(frozen=True, kw_only=True)
class KeepOptions(OptionRecord):
    """What is kept of the best trials."""

    keep_models: int = option(5, COUNT, "The best trials that keep weights.")
    keep_bytes: int | str | None = option(
        None, optional(BYTES), "Budget of the kept models' files."
    )


@dataclass(frozen=True, kw_only=True)
class AnswerOptions(KeepOptions):
    """What is handed over of networks, and of how many trials it is made."""

    keep_models: int = option(
        32, COUNT, "The best trials that keep weights, which the answer is made of."
    )
    answer: Literal["auto", "single", "ensemble", "smallest", "seeds", "refit"] = option(
        "auto",
        ANSWER,
        "What predicts and is scored: the best trial (single), an ensemble of trials (ensemble), "
        "the smallest network as good as the best (smallest); trained at the end: the mean of the "
        "best trial and four further seeds (seeds), one network on train and validation rows "
        "together for the epochs found (refit); auto: single or ensemble, by validation rows.",
    )


@dataclass(frozen=True, kw_only=True)
class RivalOptions(OptionRecord):
    """What networks are held against: before their first epoch, and at the end."""

    preflight: bool = option(True, FLAG, "Stop hopeless trials at once.")
    references: bool = option(True, FLAG, "Fit a linear model and boosted trees to compare with.")


@dataclass(frozen=True, kw_only=True)
class PolicyOptions(
    RivalOptions, AnswerOptions, DecisionOptions, EndOptions, MetricOptions, HopeOptions
):
    """How to search, for how long, and what is kept of it."""


@dataclass(frozen=True, kw_only=True)
class WorkerOptions(OptionRecord):
    """Who trains, and how much at once."""

    workers: int | Literal["auto"] = option("auto", WORKERS, "Processes that train.")
    # Without a number they grow with the study, as far as the machine's memory allows.
    slots: int | None = option(None, optional(COUNT), "Trials that advance together.")
    trial_timeout: float | str | None = option(None, optional(SECONDS), "Time for one trial.")
    memory_limit: int | str | None = option(None, optional(BYTES), "Memory of one worker.")


@dataclass(frozen=True, kw_only=True)
class DeviceOptions(OptionRecord):
    """Where networks are trained, and by which loop."""

    device: str = option("cpu", DEVICE, "Or cuda, cuda:1.")
    trainer: Literal["stacked", "plain"] = option(
        "stacked",
        one_of("stacked", "plain"),
        "plain: one trial after the other, in a loop to read.",
    )
    # Both are the plain loop's: it trains where one of them is asked for.
    amp: bool = option(False, FLAG, "Mixed precision, one trial after the other.")
    channels_last: bool = option(False, FLAG, "Lay images' filters out for tensor cores.")


@dataclass(frozen=True, kw_only=True)
class ExecutorOptions(DeviceOptions, WorkerOptions):
    """Where to train, and how much at once."""


@dataclass(frozen=True, kw_only=True)
class ViewOptions(OptionRecord):
    """What is shown while Python code searches; the command line has a view of its own."""

    # True: on stderr where there is no notebook; None: in a notebook, and nowhere else.
    progress: bool | None = option(None, optional(FLAG))


@dataclass(frozen=True, kw_only=True)
class FixedOptions(StudyOptions, DataOptions):
    """What is fixed when a study is made."""


@dataclass(frozen=True, kw_only=True)
class FreeOptions(ViewOptions, ExecutorOptions, PolicyOptions):
    """What may change from call to call."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions(FreeOptions, FixedOptions):
    """The options of a search; defaults are those of the command line."""

    command: str = option("", MEMO)  # what the person typed, for the report


@dataclass(frozen=True, kw_only=True)
class TuneOptions(
    ViewOptions,
    WorkerOptions,
    KeepOptions,
    DecisionOptions,
    EndOptions,
    TrialOptions,
    KnowledgeOptions,
    NameOptions,
):
    """The options of `automl.tune`: those of a search that are not of networks or their data."""
