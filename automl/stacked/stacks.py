"""Stacks that torch trains: runs come, go and rest, and the stacks are made for those due.

Where the runs that are due are not those of the stacks there are, stacks are made anew and the
numbers of all runs that have moved are copied over, those that rest together too, so that no
stack is kept for a few of its runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from torch import Tensor

from automl.stacked.blocks import sort_key
from automl.stacked.evaluation import StackedEvaluation
from automl.stacked.member import Member
from automl.stacked.places import Places
from automl.stacked.planning import plan_stacks
from automl.stacked.signals import measure_stack
from automl.stacked.stack import Stack
from automl.stacked.stack_rows import Tables
from automl.training.gradients import is_measured
from automl.training.scores import epoch_record
from automl.training.trainer import Checkpoint, RunBegan, Start, run_of
from storage.records import EpochRecord, LayerGradientRecord


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run is: its stack and its row there."""

    stack: Stack
    k: int

    @property
    def member(self) -> Member:
        return self.stack.members[self.k]


class TorchStacks(Places):
    """Runs that torch trains, many in a stack."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._places: dict[int, _Place] = {}
        self._waiting: dict[int, Start] = {}  # until they are due, or asked for
        self._evaluations: dict[Stack, StackedEvaluation] = {}
        self._dropped: dict[int, dict[str, Tensor]] = {}  # best weights, by run

    def begin(self, starts: Sequence[Start]) -> None:
        """Let runs begin or go on: they get their places with others, when they are due."""
        self._waiting |= {run_of(start).run_id: start for start in starts}

    def look(self, run_ids: Sequence[int]) -> list[RunBegan]:
        """Measure the networks of runs that have begun, before their first epoch."""
        self.groups(run_ids)
        begun = []
        for stack in self._stacks():
            members = stack.members
            if members[0].run.run_id not in run_ids:
                continue
            is_new = any(member.epoch == 0 for member in members)
            measured = measure_stack(stack) if is_new else [()] * len(members)
            begun += [
                self.began(member, () if member.epoch else layers)
                for member, layers in zip(members, measured, strict=True)
            ]
        return begun

    def groups(self, run_ids: Sequence[int]) -> list[tuple[int, ...]]:
        """Make stacks of exactly these runs, where there are none."""
        resting = [each for each in (*self._places, *self._waiting) if each not in set(run_ids)]
        held = {self._ids(stack): stack for stack in self._stacks()}
        due = self._plans(run_ids)
        stacks = [held.get(plan) or self._made(plan) for plan in (*due, *self._plans(resting))]
        self._waiting.clear()
        self._evaluations = {
            stack: self._evaluations.get(stack) or StackedEvaluation(stack) for stack in stacks
        }
        self._places = {
            member.run.run_id: _Place(stack, k)
            for stack in stacks
            for k, member in enumerate(stack.members)
        }
        return due

    def train(self, group: Sequence[int]) -> list[EpochRecord]:
        """Train and measure one epoch of a stack; keep the weights that are the best."""
        stack = self._places[group[0]].stack
        stack.train_epoch()
        records = self._records(stack)
        pairs = enumerate(zip(stack.members, records, strict=True))
        if best := [k for k, (member, record) in pairs if member.is_best(record)]:
            stack.best.keep(stack.averages.blocks, best)
        return records

    def drop(self, run_id: int) -> None:
        """Free a run's place, and copy its best weights: others will take it."""
        self._dropped[run_id] = self.best_weights(run_id)
        self._waiting.pop(run_id, None)
        self._places.pop(run_id, None)

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._dropped.pop(run_id, None)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of a run."""
        if run_id in self._waiting:
            self.groups([run_id])
        place = self._places[run_id]
        member, stack = place.member, place.stack
        weights = self.state_dict(member, stack.values.read(place.k), member.step)
        moments = stack.updates.read_moments(place.k, member.step)
        averages: dict[str, Tensor] = {}
        if member.run.training.weight_averaging is not None:
            averages = stack.averages.blocks.read(place.k)
            averages = self.state_dict(member, averages, member.step)
        return member.checkpoint(weights, moments, self.best_weights(run_id), averages)

    def best_weights(self, run_id: int) -> dict[str, Tensor]:
        """The weights of a run's best epoch."""
        if run_id in self._waiting:
            start = self._waiting[run_id]
            return dict(start.best_weights) if isinstance(start, Checkpoint) else {}
        if run_id not in self._places:
            return self._dropped[run_id]
        place = self._places[run_id]
        if place.member.best.epoch == 0:
            return {}
        return self.best_state(place.member, place.stack.best.read(place.k))

    def _stacks(self) -> Collection[Stack]:
        """The stacks that hold runs, each once."""
        return dict.fromkeys(place.stack for place in self._places.values())

    def _ids(self, stack: Stack) -> tuple[int, ...]:
        return tuple(member.run.run_id for member in stack.members)

    def _member(self, run_id: int) -> Member:
        place = self._places.get(run_id)
        return Member.of(self._waiting[run_id]) if place is None else place.member

    def _plans(self, run_ids: Sequence[int]) -> list[tuple[int, ...]]:
        """The runs of each stack, in its order."""
        runs = [self._member(run_id).run for run_id in run_ids]
        return [
            tuple(run.run_id for run in sorted(plan, key=lambda run: sort_key(run.model)))
            for plan in plan_stacks(runs, self.tables.dataset)
        ]

    def _made(self, run_ids: Sequence[int]) -> Stack:
        """A stack with the numbers of its members, wherever they are now."""
        stack = Stack(self.tables, [self._member(run_id) for run_id in run_ids])
        sources = [self._places[run_id].stack for run_id in run_ids if run_id in self._places]
        for source in dict.fromkeys(sources):
            stack.take_over(source)
        for k, run_id in enumerate(run_ids):
            start = self._waiting.get(run_id)
            if isinstance(start, Checkpoint):
                stack.restore(k, start)
            elif start is not None:
                stack.initialize(k)
        return stack

    def _records(self, stack: Stack) -> list[EpochRecord]:
        evaluation = self._evaluations[stack]
        scores = zip(evaluation.train_scores(), evaluation.valid_scores(), strict=True)
        rates = stack.updates.learning_rates[:, -1].tolist()
        norms = (stack.updates.norm_sum / stack.n_steps).tolist()
        return [
            epoch_record(
                self.tables.dataset,
                member.run,
                (member.epoch, member.step),
                of_run,
                learning_rate=rate,
                gradient_norm=norm,
                layers=layers,
            )
            for member, of_run, rate, norm, layers in zip(
                stack.members, scores, rates, norms, self._layers(stack), strict=True
            )
        ]

    def _layers(self, stack: Stack) -> Sequence[tuple[LayerGradientRecord, ...]]:
        if not any(is_measured(member.epoch) for member in stack.members):
            return [()] * len(stack.members)
        return [
            layers if is_measured(member.epoch) else ()
            for member, layers in zip(stack.members, measure_stack(stack), strict=True)
        ]
