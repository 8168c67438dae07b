"""The runs of one place of training: where each began, what it has given, what it may train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automl.executors.run_progress import RunProgress
from automl.training.trainer import Checkpoint, Start, run_of


@dataclass(slots=True)
class ActiveRun:
    """A run that was started and has not ended.

    Attributes:
        start: where it would begin again.
        n_reported: epochs given to the coordinator, which a repetition leaves out.
        progress: of what it trains now, a repetition too.
        is_known: whether it was told how it began.
    """

    start: Start
    n_reported: int
    progress: RunProgress
    is_known: bool = False

    def go_on_from(self, state: Checkpoint | None) -> None:
        """It left its trainer with this state; without one it begins again."""
        if state is None:
            self.begin_again()
        else:
            self.start = state

    def begin_again(self) -> None:
        """It is where it was started."""
        self.progress = RunProgress.of(self.start, self.progress.limit)


class ActiveRuns(dict[int, ActiveRun]):
    """Active runs by their ids, in the order of their start."""

    @property
    def due(self) -> tuple[int, ...]:
        """Ids of those that are to train another epoch; the others rest."""
        return tuple(run_id for run_id, run in self.items() if run.progress.is_due)

    def start(self, start: Start) -> None:
        """A run begins, or goes on from a checkpoint."""
        n_epochs = start.epoch if isinstance(start, Checkpoint) else 0
        self[run_of(start).run_id] = ActiveRun(start, n_epochs, RunProgress.of(start))

    def allow(self, limits: Mapping[int, int]) -> None:
        """Let runs train to these epochs from now on; those that have ended do not mind."""
        for run_id, limit in limits.items():
            if run_id in self:
                self[run_id].progress.allow(limit)
