"""How long training took: what an epoch and a second count, said once.

    epochs of a run      the last one of its curve: those that it has taken over from another
                         count, and those between two reports of a loop that skips some
    epochs of a trial    those of its runs together: one run, or one per fold, of its last attempt
    epochs of a study    those of its trials together; what runs beside the search add is apart
    best epoch           each run's own, whose weights are kept: with folds there are several
    seconds in training  `EpochRecord.seconds` added up, so over all workers and folds

Terminal, JSON, report, dashboard and the trials' own attributes count by what is here. The
seconds of a call, with loading and scoring, are another thing: `SearchResult.seconds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.records import EpochRecord, RunRecord, StudyRecords, best_epoch

Curve = Sequence[EpochRecord]


@dataclass(frozen=True, slots=True)
class TrialEffort:
    """What one trial took, run by run: of one run, or of one per fold in the folds' order."""

    epochs: tuple[int, ...] = ()  # trained by each run that has begun
    best_epochs: tuple[int | None, ...] = ()  # each run's own; None: no epoch with finite losses
    seconds: float = 0.0  # in training, all runs together

    @property
    def n_epochs(self) -> int:
        """Epochs of all runs together."""
        return sum(self.epochs)

    @property
    def best_in_words(self) -> str:
        """The best epochs as people read them: "43", or with folds "9, 7, 8"."""
        return _in_words(self.best_epochs)

    @property
    def epochs_in_words(self) -> str:
        """The epochs that were trained, likewise: "50", "22, 17, 18"."""
        return _in_words(self.epochs)


@dataclass(frozen=True, slots=True)
class TotalEffort:
    """What several trials or runs took."""

    n_epochs: int = 0
    seconds: float = 0.0  # in training


def trial_effort(curves: Iterable[Curve]) -> TrialEffort:
    """What a trial took, from the curves of its runs."""
    begun = [curve for curve in curves if curve]
    best = [best_epoch(curve) for curve in begun]
    return TrialEffort(
        epochs=tuple(curve[-1].epoch for curve in begun),
        best_epochs=tuple(one.epoch if one else None for one in best),
        seconds=_seconds(begun),
    )


def effort_of_trial(records: StudyRecords, trial_number: int) -> TrialEffort:
    """What a stored trial took."""
    runs = records.search_runs(trial_number)
    return trial_effort(records.epochs.get(run.run_id, ()) for run in runs)


def search_effort(records: StudyRecords) -> TotalEffort:
    """What a study's trials took."""
    runs = [run for own in records.last_attempts.values() for run in own]
    curves = [curve for run in runs if (curve := records.epochs.get(run.run_id, ()))]
    return TotalEffort(sum(curve[-1].epoch for curve in curves), _seconds(curves))


def side_effort(records: StudyRecords) -> TotalEffort:
    """What the runs beside the search took, without the epochs that they have taken over."""
    curves = [_own_part(records, run) for run in records.runs if run.purpose != "search"]
    return TotalEffort(sum(map(len, curves)), _seconds(curves))


def _own_part(records: StudyRecords, run: RunRecord) -> Curve:
    """The curve after what it shares with the run that it continues.

    Losses of a repeated epoch are the same as well, its seconds are not.
    """
    curve = records.epochs.get(run.run_id, ())
    if run.continues_run_id is None:
        return curve
    before = records.epochs.get(run.continues_run_id, ())
    shared = 0
    for own, other in zip(curve, before, strict=False):
        if own.seconds != other.seconds:
            break
        shared += 1
    return curve[shared:]


def _seconds(curves: Iterable[Curve]) -> float:
    return sum((record.seconds for curve in curves for record in curve), 0.0)


def _in_words(epochs: Iterable[int | None]) -> str:
    return ", ".join("–" if epoch is None else str(epoch) for epoch in epochs)
