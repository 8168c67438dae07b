"""Perceptrons as fast as the machine has it: by compiled kernels, else in stacks by torch.

With kernels (`native.py`) each run trains by itself, an epoch in one call (`native_run.py`);
without them, and on CUDA, many runs train as one, stacked parameters with the runs first in every
tensor (`stack.py`). Who is where says `places.py`. Either agrees with `PlainTrainer` or is wrong.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.errors import DivergedError
from automl.stacked import native
from automl.stacked.memory import memory_bytes, most_bytes
from automl.stacked.native_cost import native_cost
from automl.stacked.places import NativeRuns, Places
from automl.stacked.stack_rows import Tables
from automl.stacked.stacks import TorchStacks
from automl.training.config import RunConfig
from automl.training.costs import RunCost
from automl.training.trainer import Checkpoint, RunBegan, Start, Trainer, run_of
from storage.records import EpochRecord


class StackedTrainer(Trainer):
    """Trains runs of multilayer perceptrons many at a time."""

    knows_weights: ClassVar[bool] = True

    def __init__(
        self,
        dataset: Dataset,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        is_native: bool = True,
    ) -> None:
        """Make a trainer without runs.

        Args:
            is_native: use compiled kernels where they are usable, see `stacked/native.py`.
        """
        is_native &= native.is_usable(torch.zeros(0, device=device, dtype=dtype))
        tables = Tables(dataset, torch.device(device), dtype)
        self._places: Places = NativeRuns(tables) if is_native else TorchStacks(tables)
        self._turns: list[int] = []  # the active runs, in the order they take turns
        self._added: list[int] = []
        self._new: list[int] = []  # of which nothing was told yet

    uses_kernels = True

    @classmethod
    def cost(cls, run: RunConfig, dataset: Dataset) -> RunCost:
        """What a run adds to a round, by the kernels; without them the proportions are others."""
        return native_cost(run, dataset)

    @classmethod
    def most_bytes(
        cls, runs: Sequence[RunConfig], dataset: Dataset, *, n_trials: int, n_trainers: int
    ) -> int:
        """What trials hold at most, however they are stacked, if none is larger than these."""
        return most_bytes(runs, dataset, n_trials=n_trials, n_trainers=n_trainers)

    @classmethod
    def n_bytes(cls, runs: Sequence[RunConfig], dataset: Dataset) -> int:
        """What these runs hold at once, in stacks."""
        return memory_bytes(runs, dataset)

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, in the order they were added."""
        return tuple(self._added)

    def add(self, starts: Sequence[Start]) -> None:
        """Begin or continue runs, while others go on."""
        for start in starts:
            run_id = run_of(start).run_id
            self._places.begin([start])
            self._added.append(run_id)
            self._turns.append(run_id)
            self._new.append(run_id)

    @torch.no_grad()
    def take_begun(self) -> tuple[RunBegan, ...]:
        """Sizes and first looks of the runs that have begun."""
        new, self._new = self._new, []
        return tuple(self._places.look(new)) if new else ()

    @torch.no_grad()
    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        """Train one epoch of active runs; return early at the deadline."""
        started = time.monotonic()
        asked = set(self._turns if run_ids is None else run_ids)
        due = [each for each in self._turns if each in asked]
        groups = sorted(self._places.groups(due), key=lambda group: min(map(due.index, group)))
        records: list[EpochRecord] = []
        for group in groups:
            if deadline is not None and time.monotonic() >= deadline:
                break
            # Those that are not reached come first next time.
            self._turns = [each for each in self._turns if each not in group] + list(group)
            records += self._places.train(group)
        for record in records:
            if not record.is_finite:
                self.drop(record.run_id)
        seconds = (time.monotonic() - started) / max(1, len(records))
        return [dataclasses.replace(record, seconds=seconds) for record in records]

    def drop(self, run_id: int) -> None:
        """End a run. Its best weights stay readable until `forget`."""
        self._places.drop(run_id)
        for ids in (self._added, self._turns, self._new):
            if run_id in ids:
                ids.remove(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run."""
        return self._places.checkpoint(run_id)

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """`state_dict` of the run's best epoch so far, on the CPU.

        Raises:
            DivergedError: no epoch of the run had finite losses.
        """
        weights = self._places.best_weights(run_id)
        if not weights:
            raise DivergedError(f"run {run_id} has no epoch with finite losses, so no weights")
        return weights

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._places.forget(run_id)
