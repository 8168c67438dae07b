"""Why a call of a search ended, as a frozen dataclass: a record like those of `records.py`.

What limits a search is in `automl/tuning/stopping.py`, the words for it in
`automl/wording/stops.py`. Only the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

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
