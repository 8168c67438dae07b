"""The trainer of objectives: each run is a person's own loop, asked on for an epoch at a time.

What an objective draws from the generators of torch, NumPy and Python that everybody shares is a
function of (seed, epoch), whatever trains beside it or before it; afterwards they are as they
were. So a run has the same curve in any process, and goes on from a saved state to the same.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.models.own.builders import builder
from automl.objectives.loop import Finished, Loop, begin
from automl.objectives.losses import read_losses, state_in
from automl.objectives.memory import LoopMemory
from automl.objectives.states import State, packed
from automl.training.best_epoch import BestEpoch
from automl.training.config import RunConfig
from automl.training.costs import RunCost
from automl.training.trainer import Checkpoint, RunError, Start, Trainer, run_of
from storage.records import EpochRecord, ParameterValue

SECONDS: Final = 1e-3
"""Of an epoch, where nobody can say: all objectives of a study count alike."""


@dataclass(frozen=True, slots=True)
class ObjectiveConfig:
    """Which objective, and with what: a run's configuration in the place of a network's."""

    objective: str  # its words, "my_file.py:train"
    params: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(slots=True)
class _Run:
    """One run in training."""

    config: RunConfig
    loop: Loop
    epoch: int = 0
    best: BestEpoch = field(default_factory=BestEpoch)
    best_state: State = field(default_factory=dict)

    @property
    def holds_memory(self) -> bool:
        """Whether there is more of it than a promise."""
        return self.epoch > 0 or self.loop.is_made


class ObjectiveTrainer(Trainer):
    """Trains objectives that were handed over to this process. They need no data set of ours."""

    def __init__(self, dataset: Dataset, device: str = "cpu") -> None:
        self._runs: dict[int, _Run] = {}  # in the order they take turns
        self._added: list[int] = []
        self._finished: list[int] = []
        self._ended: dict[int, State] = {}  # the best state of each dropped run
        self._memory = LoopMemory()

    @classmethod
    def cost(cls, run: RunConfig, dataset: Dataset) -> RunCost:
        """The same for all."""
        return RunCost(None, 0.0, SECONDS)

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, in the order they were added."""
        return tuple(self._added)

    def add(self, starts: Sequence[Start]) -> None:
        """Begin or continue runs, while others go on."""
        for start in starts:
            run_id = run_of(start).run_id
            with _blaming(run_id, ()):
                self._runs[run_id] = _begun(start)
            self._memory.note_made()
            self._added.append(run_id)

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        """Ask each run for one epoch; return early at the deadline."""
        records: list[EpochRecord] = []
        for run_id in [one for one in self._runs if run_ids is None or one in run_ids]:
            if deadline is not None and time.monotonic() >= deadline:
                break
            run = self._runs.pop(run_id)
            self._runs[run_id] = run  # at the end: the runs not reached come first next time
            self._memory.begin_epoch()
            with _blaming(run_id, records):
                record = _trained(run)
            self._memory.end_epoch(sum(one.holds_memory for one in self._runs.values()))
            if record is None:
                self._finished.append(run_id)
                continue
            records.append(record)
            if not record.is_finite:
                self.drop(run_id)
        return records

    def take_finished(self) -> tuple[int, ...]:
        """The runs that have no further epoch; each is given once."""
        finished, self._finished = tuple(self._finished), []
        return finished

    def bytes_of_run(self) -> int | None:
        """The mean over the loops of this process."""
        return self._memory.bytes_of_loop

    def drop(self, run_id: int) -> None:
        """End a run, and let its loop end."""
        self._added.remove(run_id)
        run = self._runs.pop(run_id)
        run.loop.close()
        self._ended[run_id] = run.best_state
        self._memory.note_freed()

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run.

        Raises:
            TrainingError: its objective gives none.
        """
        run = self._runs[run_id]
        if not run.loop.can_go_on:
            raise TrainingError(
                "an objective goes on from a state where it is a class with save(self) and "
                "load(self, state); the state of others is in their process alone"
            )
        return Checkpoint(
            run.config,
            run.epoch,
            0,
            run.loop.save(),
            {},
            run.best,
            run.best_state,
        )

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The state after the best epoch, in the place of weights; {}: the objective gave none."""
        run = self._runs.get(run_id)
        return self._ended.get(run_id, {}) if run is None else run.best_state

    def forget(self, run_id: int) -> None:
        """Free the state of a dropped run."""
        self._ended.pop(run_id, None)


def _begun(start: Start) -> _Run:
    """A run before its next epoch."""
    config = run_of(start)
    objective = builder(config.model.objective)
    with _seeded(config, 0):
        loop = begin(objective, config.model.objective, config.model.params, config.seed)
    if not isinstance(start, Checkpoint):
        return _Run(config, loop)
    loop.load(start.weights)
    return _Run(config, loop, start.epoch, start.best, start.best_weights)


def _trained(run: _Run) -> EpochRecord | None:
    """One more epoch of a run; None where there is none.

    Raises:
        TrainingError: it gave no loss at all, or something else.
        Exception: whatever the objective raises.
    """
    began = time.perf_counter()
    try:
        with _one_process(), _seeded(run.config, run.epoch + 1):
            given = run.loop.train_epoch()
    except Finished:
        if run.epoch == 0:
            raise TrainingError("an objective must give at least one loss, but ends") from None
        return None
    losses = read_losses(given)
    run.epoch += 1
    record = EpochRecord(
        run_id=run.config.run_id,
        epoch=run.epoch,
        step=0,
        train_loss=losses.train_loss,
        valid_loss=losses.valid_loss,
        valid_loss_standard_error=losses.valid_loss_standard_error,
        train_metric=losses.train_loss,
        valid_metric=losses.valid_loss,
        learning_rate=math.nan,
        gradient_norm=math.nan,
        seconds=0.0,
    )
    before, run.best = run.best, run.best.after(record)
    if run.best is not before:
        run.best_state = _state_after(run.loop, given)
    return replace(record, seconds=time.perf_counter() - began)


def _state_after(loop: Loop, given: object) -> State:
    """The state after an epoch: what was given with its losses, or what `save` gives; or {}.

    Raises:
        TrainingError: it is none that can be kept.
    """
    if (state := state_in(given)) is not None:
        return packed(state, "the state that is given with the losses")
    return loop.save() if loop.can_save else {}


@contextmanager
def _blaming(run_id: int, records: Sequence[EpochRecord]) -> Iterator[None]:
    """What is raised is the fault of one run; a script's exit is an error of it too."""
    try:
        yield
    except SystemExit as error:
        words = f"an objective must not end its process, but calls sys.exit({error.code!r})"
        raise RunError(run_id, records) from TrainingError(words)
    except Exception as error:
        raise RunError(run_id, records) from error


@contextmanager
def _one_process() -> Iterator[None]:
    """End a copy of this process that an objective has forked and lets come back.

    It would go on as this one does, with the same connection and the same files.
    """
    own = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != own:
            os._exit(1)


def _seeded(run: RunConfig, epoch: int) -> AbstractContextManager[None]:
    """The generators that everybody shares begin at a function of (seed, epoch)."""
    return randomness.seeded_everywhere(randomness.stream(run.seed, "objective", epoch))
