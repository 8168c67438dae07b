"""The runs of a pool: where each is, how far it has come, and which are with no worker yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from automl.executors.run_progress import RunProgress
from automl.training.costs import RunCost
from automl.training.trainer import Checkpoint, Start, run_of


@dataclass(slots=True, eq=False)
class PoolRun:
    """A run from its start until it is forgotten.

    Attributes:
        start: where it begins with the worker that is told next.
        place: of the worker that was told; None: it waits, or has ended without a worker.
        alone: whether it must not train beside others.
        order: by which of its orders that worker was told.
        missed: places whose workers had ended before they took that order.
        sent: its best weights, where its worker has sent them with its end; of an objective that
            has no state none, which is to be known as well. None: it has not.
    """

    start: Start
    cost: RunCost
    progress: RunProgress
    alone: bool = False
    is_active: bool = True
    place: int | None = None
    order: int = 0
    missed: set[int] = field(default_factory=set)
    sent: Mapping[str, Tensor] | None = None

    @property
    def run_id(self) -> int:
        """Its id."""
        return run_of(self.start).run_id

    @property
    def trial_number(self) -> int:
        """The number of its trial."""
        return run_of(self.start).trial_number

    @property
    def seconds_left(self) -> float:
        """What it may train as things are takes so long, by the estimate of its cost."""
        return self.progress.n_epochs_left * (self.cost.own + self.cost.shared)

    @property
    def weights_here(self) -> Mapping[str, Tensor] | None:
        """Its best weights where no worker need be asked for them; else None."""
        if self.sent is not None or self.place is not None:
            return self.sent
        return self.start.best_weights if isinstance(self.start, Checkpoint) else None


class PoolRuns:
    """All runs that were started and not forgotten."""

    def __init__(self) -> None:
        self._runs: dict[int, PoolRun] = {}
        self._active: dict[int, PoolRun] = {}  # in the order of their start

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs that have not ended, in the order of their start."""
        return tuple(self._active)

    @property
    def waiting(self) -> list[PoolRun]:
        """The runs that are due and with no worker, of the first trials first."""
        waiting = [
            run for run in self._active.values() if run.place is None and run.progress.is_due
        ]
        return sorted(waiting, key=lambda run: run.trial_number)

    def __iter__(self) -> Iterator[PoolRun]:
        return iter(self._active.values())

    def get(self, run_id: int) -> PoolRun | None:
        """A run, or None if there is none of that id."""
        return self._runs.get(run_id)

    def active_run(self, run_id: int) -> PoolRun | None:
        """A run, or None if there is none, or it has ended."""
        return self._active.get(run_id)

    def add(self, run: PoolRun) -> None:
        """A run begins."""
        self._runs[run.run_id] = self._active[run.run_id] = run

    def end(self, run: PoolRun) -> None:
        """A run has ended."""
        run.is_active = False
        self._active.pop(run.run_id, None)

    def remove(self, run: PoolRun) -> None:
        """A run is forgotten, or lost."""
        self.end(run)
        self._runs.pop(run.run_id, None)

    def at(self, place: int) -> list[PoolRun]:
        """The runs that a worker has, the ended ones included."""
        return [run for run in self._runs.values() if run.place == place]

    def clear(self) -> None:
        """Forget all of them."""
        self._runs.clear()
        self._active.clear()
