"""Many runs trained as one: stacked parameters, the runs first in every tensor.

`StackedTrainer` sorts its runs into stacks (`planning.py`), trains one epoch of each
stack per round (`stack.py`), and measures all runs of a stack together. When runs come or go,
the stacks they belong to are made anew at the next round and the others' numbers move over,
so a freed slot is filled without stopping anyone. It agrees with `PlainTrainer` or is wrong.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.data.table.inputs import table_encoding
from automl.errors import DivergedError
from automl.stacked import native
from automl.stacked.blocks import StackBlocks, sort_key
from automl.stacked.evaluation import StackedEvaluation
from automl.stacked.memory import memory_bytes, most_bytes
from automl.stacked.planning import plan_stacks, stacked_cost
from automl.stacked.signals import measure_stack
from automl.stacked.stack import Member, Stack
from automl.stacked.stack_rows import Tables
from automl.training.config import RunConfig
from automl.training.costs import RunCost
from automl.training.gradients import is_measured
from automl.training.scores import epoch_record
from automl.training.trainer import Checkpoint, Start, Trainer, run_of
from storage.records import EpochRecord, LayerGradientRecord


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where a run is: its stack and its row there."""

    stack: Stack
    k: int

    @property
    def member(self) -> Member:
        return self.stack.members[self.k]


class StackedTrainer(Trainer):
    """Trains runs of multilayer perceptrons many at a time."""

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
        self._dataset = dataset
        is_native &= native.is_usable(torch.zeros(0, device=device, dtype=dtype))
        self._tables = Tables(dataset, torch.device(device), dtype, is_native)
        self._stacks: list[Stack] = []  # in the order they take turns
        self._evaluations: dict[Stack, StackedEvaluation] = {}
        self._places: dict[int, _Place] = {}
        self._waiting: dict[int, Start] = {}
        self._added: list[int] = []
        self._ended: dict[int, dict[str, Tensor]] = {}  # best weights of dropped runs

    uses_kernels = True

    @classmethod
    def cost(cls, run: RunConfig, dataset: Dataset) -> RunCost:
        """What a run adds to a round: less where its stack is there already."""
        return stacked_cost(run, dataset)

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
            self._waiting[run_id] = start
            self._added.append(run_id)

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        """Train one epoch of active runs; return early at the deadline."""
        started = time.monotonic()
        due = set(self._added) if run_ids is None else set(run_ids)
        self._arrange(due)
        records: list[EpochRecord] = []
        for stack in [stack for stack in self._stacks if due.issuperset(_ids(stack))]:
            if deadline is not None and time.monotonic() >= deadline:
                break
            self._stacks.remove(stack)
            self._stacks.append(stack)  # the stacks not reached come first next time
            records += self._stack_epoch(stack)
        for record in records:
            if not record.is_finite:
                self.drop(record.run_id)
        seconds = (time.monotonic() - started) / max(1, len(records))
        return [dataclasses.replace(record, seconds=seconds) for record in records]

    def drop(self, run_id: int) -> None:
        """End a run. Its best weights stay readable until `forget`."""
        self._ended[run_id] = self._best_of(run_id)
        self._waiting.pop(run_id, None)
        self._places.pop(run_id, None)
        self._added.remove(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run."""
        if run_id in self._waiting:
            self._arrange(set(self._added))
        place = self._places[run_id]
        member, stack = place.member, place.stack
        return Checkpoint(
            run=member.run,
            epoch=member.epoch,
            step=member.step,
            weights=self._state_dict(stack.values, place, member.step),
            optimizer=stack.updates.read_moments(place.k, member.step),
            best_epoch=member.best_epoch,
            best_valid_loss=member.best_valid_loss,
            best_weights=self._best_of(run_id),
        )

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """`state_dict` of the run's best epoch so far, on the CPU.

        Raises:
            DivergedError: no epoch of the run had finite losses.
        """
        weights = self._best_of(run_id) if run_id in self._added else self._ended[run_id]
        if not weights:
            raise DivergedError(f"run {run_id} has no epoch with finite losses, so no weights")
        return weights

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._ended.pop(run_id, None)

    def _best_of(self, run_id: int) -> dict[str, Tensor]:
        if run_id in self._waiting:
            start = self._waiting[run_id]
            return dict(start.best_weights) if isinstance(start, Checkpoint) else {}
        place = self._places[run_id]
        if place.member.best_epoch == 0:
            return {}
        n_steps = place.member.step // max(1, place.member.epoch)
        return self._state_dict(place.stack.best, place, place.member.best_epoch * n_steps)

    def _state_dict(self, blocks: StackBlocks, place: _Place, step: int) -> dict[str, Tensor]:
        """A run's part of some blocks, as the plain network's `state_dict`, on the CPU."""
        config = place.member.run.model
        encoding = table_encoding(self._dataset.folds[place.member.run.fold].encoding)
        scaling = encoding.scalings[config.scaling]
        dtype = self._tables.dtype
        state = {
            "input_shift": scaling.shift.to("cpu", dtype, copy=True),
            "input_scale": scaling.scale.to("cpu", dtype, copy=True),
            **blocks.read(place.k),
        }
        if config.normalization == "batch_norm":
            for layer in range(config.n_layers):
                state[f"hidden.{layer}.normalization.num_batches_tracked"] = torch.tensor(step)
        return state

    def _arrange(self, due: set[int]) -> None:
        """Make stacks anew where runs have come or gone, or rest beside runs that are due."""
        members = {run_id: place.member for run_id, place in self._places.items()}
        members |= {run_id: _member(start) for run_id, start in self._waiting.items()}
        held = {stack: _ids(stack) for stack in self._stacks}
        is_mixed = any(not due.issuperset(ids) and due & set(ids) for ids in held.values())
        n_held = sum(map(len, held.values()))
        if len(self._places) == n_held and not self._waiting and not is_mixed:
            return
        runs = [members[run_id].run for run_id in self._added]
        plans = plan_stacks([run for run in runs if run.run_id in due], self._dataset)
        plans += plan_stacks([run for run in runs if run.run_id not in due], self._dataset)
        stacks = []
        for plan in plans:
            ids = [run.run_id for run in sorted(plan, key=lambda run: sort_key(run.model))]
            kept = next((stack for stack, own in held.items() if own == ids), None)
            stacks.append(kept or self._made([members[run_id] for run_id in ids]))
        self._stacks = stacks
        self._waiting.clear()
        self._evaluations = {
            stack: self._evaluations.get(stack) or StackedEvaluation(stack) for stack in stacks
        }
        self._places = {
            member.run.run_id: _Place(stack, k)
            for stack in stacks
            for k, member in enumerate(stack.members)
        }

    def _made(self, members: Sequence[Member]) -> Stack:
        """A stack with the numbers of its members, wherever they are now."""
        stack = Stack(self._tables, members)
        sources = {
            id(place.stack): place.stack
            for member in members
            if (place := self._places.get(member.run.run_id)) is not None
        }
        for source in sources.values():
            stack.take_over(source)
        for k, member in enumerate(members):
            start = self._waiting.get(member.run.run_id)
            if isinstance(start, Checkpoint):
                stack.restore(k, start)
            elif start is not None:
                stack.initialize(k)
        return stack

    def _stack_epoch(self, stack: Stack) -> list[EpochRecord]:
        """Train and measure one epoch of a stack; keep the weights of the runs that improved."""
        stack.train_epoch()
        evaluation = self._evaluations[stack]
        train, valid = evaluation.train_scores(), evaluation.valid_scores()
        rates = stack.updates.learning_rates[:, -1].tolist()
        norms = (stack.updates.norm_sum / stack.n_steps).tolist()
        layers = self._layers(stack)
        records = [
            epoch_record(
                self._dataset,
                member.run,
                (member.epoch, member.step),
                scores,
                learning_rate=rate,
                gradient_norm=norm,
                layers=of_layers,
            )
            for member, scores, rate, norm, of_layers in zip(
                stack.members, zip(train, valid, strict=True), rates, norms, layers, strict=True
            )
        ]
        improved = []
        for k, (member, record) in enumerate(zip(stack.members, records, strict=True)):
            if record.is_finite and record.valid_loss < member.best_valid_loss:
                member.best_epoch, member.best_valid_loss = record.epoch, record.valid_loss
                improved.append(k)
        if improved:
            stack.best.keep(stack.values, improved)
        return records

    def _layers(self, stack: Stack) -> Sequence[tuple[LayerGradientRecord, ...]]:
        if not any(is_measured(member.epoch) for member in stack.members):
            return [()] * len(stack.members)
        measured = measure_stack(stack)
        return [
            layers if is_measured(member.epoch) else ()
            for member, layers in zip(stack.members, measured, strict=True)
        ]


def _ids(stack: Stack) -> list[int]:
    return [member.run.run_id for member in stack.members]


def _member(start: Start) -> Member:
    if isinstance(start, RunConfig):
        return Member(start)
    return Member(start.run, start.epoch, start.step, start.best_epoch, start.best_valid_loss)
