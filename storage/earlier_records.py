"""What a study has learned from: trials of earlier studies, as they were when it was made.

They are kept with the study, so that it goes on alike whatever becomes of the earlier ones. Params
are those of the earlier study, with the values that its space fixed; who reads them maps them into
the space that is searched. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from storage.ranking import Rank, rank
from storage.records import Outcome, ParameterValue


@dataclass(frozen=True, slots=True)
class EarlierTrial:
    """One trial of an earlier study.

    Attributes:
        losses: validation loss of each epoch from the first, up to where one is not finite; the
            mean over folds, where each has ended with its best.
    """

    number: int
    params: Mapping[str, ParameterValue]
    losses: tuple[float, ...]
    outcome: Outcome | Literal["running"]  # so were unfinished ones called before


@dataclass(frozen=True, slots=True)
class EarlierStudy:
    """The trials of a study, for another one to learn from.

    Losses of two studies are not on one scale: they are of other data.

    Attributes:
        name: as it was given, with the database where that is another one.
    """

    name: str
    max_epochs: int
    trials: tuple[EarlierTrial, ...]

    @property
    def best_first(self) -> tuple[EarlierTrial, ...]:
        """Its trials without those that failed, from the best to the worst."""
        known = [trial for trial in self.trials if trial.losses and trial.outcome != "failed"]
        return tuple(sorted(known, key=_place))


def _place(trial: EarlierTrial) -> Rank:
    is_complete = trial.outcome == "complete"
    value = min(trial.losses) if is_complete else trial.losses[-1]
    return rank(trial.number, value, len(trial.losses), is_complete=is_complete)
