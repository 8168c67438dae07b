"""The trainers of a place of training, and which of them has which run.

One trainer has all runs, as long as nothing raises. While the culprit of a crash is looked for
there are several; then the runs come back together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from automl.errors import TrainingError
from automl.training.trainer import Checkpoint, Trainer


class TrainerGroup:
    """One trainer or several, with active runs and what is kept of ended ones.

    Attributes:
        trainers: in the order they were made; runs join the first.
    """

    def __init__(self, make_trainer: Callable[[], Trainer]) -> None:
        self._make_trainer = make_trainer
        self.trainers = [make_trainer()]
        self._active: dict[int, Trainer] = {}
        self._ended: dict[int, Trainer | Mapping[str, Tensor]] = {}  # who has the best weights

    def first(self) -> Trainer:
        """The trainer that runs join."""
        return self.trainers[0] if self.trainers else self.another()

    def another(self) -> Trainer:
        """A new trainer, beside those there are."""
        self.trainers.append(self._make_trainer())
        return self.trainers[-1]

    def place(self, run_ids: Sequence[int], trainer: Trainer) -> None:
        """Take note that a trainer has begun these runs."""
        for run_id in run_ids:
            self._ended.pop(run_id, None)  # of its time before it gave way
        self._active.update(dict.fromkeys(run_ids, trainer))

    @property
    def n_active(self) -> int:
        """How many active runs are in trainers."""
        return len(self._active)

    def has(self, run_id: int) -> bool:
        """Whether an active run is in a trainer."""
        return run_id in self._active

    def runs_of(self, trainer: Trainer) -> list[int]:
        """The active runs that a trainer has."""
        return [run_id for run_id, home in self._active.items() if home is trainer]

    def end(self, run_id: int) -> None:
        """End an active run; its best weights stay readable until `forget`."""
        trainer = self._active.pop(run_id, None)
        if trainer is None:
            return
        if run_id in trainer.active:  # a trainer drops a diverged run by itself
            trainer.drop(run_id)
        self._ended[run_id] = trainer

    def give_way(self, run_id: int) -> Checkpoint | None:
        """Take an active run out of its trainer, to go on from the state that is returned.

        None: it has no state, and begins again.
        """
        trainer = self._active[run_id]
        state = _state(trainer, run_id)
        del self._active[run_id]
        trainer.drop(run_id)
        trainer.forget(run_id)
        self._ended[run_id] = {} if state is None else state.best_weights
        return state

    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""
        holder = self._ended.pop(run_id, None)
        if isinstance(holder, Trainer):
            holder.forget(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of a run for which `has` is true."""
        return self._active[run_id].checkpoint(run_id)

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the best epoch of a run that is in a trainer, or has ended in one.

        Raises:
            TrainingError: there is no such run, or it never finished an epoch.
        """
        holder = self._active.get(run_id) or self._ended.get(run_id)
        if not isinstance(holder, Trainer) and not holder:
            raise TrainingError(f"there are no weights of run {run_id}: no epoch was finished")
        return holder.best_weights(run_id) if isinstance(holder, Trainer) else holder

    def discard(self, trainer: Trainer) -> None:
        """Give up a trainer, but keep the best weights of the runs that had ended in it."""
        self.trainers.remove(trainer)
        for run_id in self.runs_of(trainer):
            del self._active[run_id]
        for run_id, holder in tuple(self._ended.items()):
            if holder is trainer:
                try:
                    self._ended[run_id] = trainer.best_weights(run_id)
                except Exception:
                    del self._ended[run_id]  # `best_weights` says so when it is asked

    def reunite(self) -> dict[int, Checkpoint | None]:
        """Give up all trainers but the first; where their runs go on, as `give_way` says."""
        states: dict[int, Checkpoint | None] = {}
        for trainer in self.trainers[1:]:
            states |= {run_id: _state(trainer, run_id) for run_id in trainer.active}
            self.discard(trainer)
        return states


def _state(trainer: Trainer, run_id: int) -> Checkpoint | None:
    try:
        return trainer.checkpoint(run_id)
    except TrainingError:
        return None
