"""How calls search, what their policies learn, why they end: records as those of `records.py`.

What limits a search is in `automl/tuning/stopping.py`, the words for it in
`automl/wording/stops.py`. Only the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Reached: TypeAlias = float | int | str | None

StopWord: TypeAlias = Literal[
    "n_trials",
    "timeout",
    "max_epochs_total",
    "target_loss",
    "patience_trials",
    "nothing_to_gain",
    "interrupted",
    "repeated_failure",
]
"""Why a search ended. The first five are the options that said so."""

STOPS_IN_ORDER: frozenset[StopWord] = frozenset(
    {"max_epochs_total", "target_loss", "patience_trials"}
)
"""Those that leave trials unfinished and still do not depend on the machine."""


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why one call of a search ended.

    Attributes:
        details: what was asked for, under the option's name, and what was reached.
        ended_at: seconds since 1970, UTC.
        n_trials: of the study, by then.
    """

    because: StopWord
    details: Mapping[str, Reached] = field(default_factory=dict)
    ended_at: float = 0.0
    n_trials: int = 0


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """How one call searched, from a trial on: calls may differ in it, studies do not.

    The defaults of the fields after `pruner` stand for what is not known.
    """

    from_trial_number: int
    sampler: str
    pruner: str
    n_trials: int | None = None  # total that was asked for; None: as many as fit
    timeout: float | None = None  # seconds, of the call
    max_epochs_total: int | None = None
    target_loss: float | None = None
    patience_trials: int | None = None
    trial_timeout: float | None = None  # seconds
    n_slots: int = 0  # trials in training at once
    n_workers: int = 0
    device: str = "cpu"
    trainer: str = "stacked"
    amp: bool = False
    channels_last: bool = False
    preflight: bool = True
    keep_models: int = 5
    references: bool = True  # a linear model and boosted trees were fitted beside guessing
    policy: str = "optuna"
    environment: Mapping[str, str] = field(default_factory=dict)  # versions, processor, ...
    duplicates: bool = True  # trials may have had the params of earlier ones
    answer: str = "single"  # what was to be handed over: "auto", or an `AnswerKind`
    searches: bool = True  # False: the study had all that was asked for, so nothing was tried
    untrained: str | None = None  # why networks of its answer were not trained
    untrained_trial: int | None = None  # the number of the trial that it was to be made of


@dataclass(frozen=True, slots=True)
class BeliefRecord:
    """What a policy had learned beside the trials, from when it learned it.

    A study keeps each, in their order: they are few, and show how the policy came to its last.

    Attributes:
        policy: its name.
        n_trials: of the study, that had been started by then.
        n_epochs: of these trials.
        belief: JSON, which the policy alone understands.
    """

    policy: str
    n_trials: int
    n_epochs: int
    belief: Any
