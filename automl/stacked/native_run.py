"""One run in training by the compiled kernels: an epoch of it is one call.

A run shares nothing with others but the rows it reads and the buffer they work in by turns
(`native_description.py`). So one that comes or goes costs the others nothing, one that rests
costs nothing at all, and its numbers are the same bits whoever trains beside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from automl.stacked import first_weights, native
from automl.stacked import native_structures as structures
from automl.stacked.blocks import StackBlocks
from automl.stacked.member import Member
from automl.stacked.moments import read_moments, start_of_second, write_moments
from automl.stacked.native_description import (
    AVERAGES,
    BEST,
    FIRST,
    SECOND,
    VALUES,
    DescribedRun,
    Scratch,
    aligned,
)
from automl.stacked.native_lesson import NativeLesson
from automl.stacked.native_scores import CHUNK_ROWS, NativeScores
from automl.stacked.native_structures import address
from automl.stacked.stack_rows import StackRows, Tables
from automl.training.batches import PROBE_ROWS, measured_rows, probe_rows
from automl.training.gradients import SATURATED, is_measured
from automl.training.optimizers import MOMENTS
from automl.training.readout import readout
from automl.training.schedules import optimizer_at, regularization_factor
from automl.training.scores import Score, epoch_record
from automl.training.trainer import Checkpoint
from storage.records import EpochRecord, LayerGradientRecord


class NativeRun:
    """A run with its parameters, best weights, moments, averages, and the calls that train it."""

    def __init__(self, tables: Tables, scratch: Scratch, member: Member) -> None:
        """Make a run whose numbers are all zero."""
        run = member.run
        self.member = member
        self._tables = tables
        self._layout = tables.layout([run])
        shapes = self._layout.shapes + self._layout.statistics_shapes
        n_numbers = aligned(sum(math.prod(shape) for shape in shapes))
        n_kinds = AVERAGES if run.training.weight_averaging is None else AVERAGES + 1
        self._numbers = torch.zeros(n_kinds, n_numbers, dtype=tables.dtype)
        self._rows = StackRows.of(tables, [run])
        most_rows = max(stop - start for start, stop in self._rows.bounds)
        n_rows = max(most_rows, min(PROBE_ROWS, self._rows.n_rows), CHUNK_ROWS)
        self._described = DescribedRun(run, self._layout, self._numbers, scratch, n_rows)
        averages = self._numbers[AVERAGES] if self._is_averaged else None
        self._lesson = NativeLesson(tables, self._rows, member, self._described, averages)
        taken_for = readout(run, tables.dataset)
        self._scores = NativeScores(self._described, tables.dataset.loss, tables.dtype, taken_for)
        self._measured = self._measured_train_rows()
        self._optimizer = ""
        self._choose(optimizer_at(run.training, 1))

    # Where it is

    def initialize(self) -> None:
        """Set the parameters from the run's seed."""
        first_weights.initialize(self._blocks(VALUES), 0, self.member.run, self._tables)

    def restore(self, start: Checkpoint) -> None:
        """Set parameters and moments from a checkpoint."""
        self._blocks(VALUES).write(0, start.weights)
        if start.best_weights:
            self._blocks(BEST).write(0, start.best_weights)
        if self._is_averaged:
            self._blocks(AVERAGES).write(0, start.averages)
        training = start.run.training
        self._choose(optimizer_at(training, max(1, start.epoch)))
        write_moments(self._moments, 0, self._optimizer, training, start.optimizer, start.step)

    def weights(self) -> dict[str, Tensor]:
        """The parameters and running statistics now."""
        return self._blocks(VALUES).read(0)

    def best_weights(self) -> dict[str, Tensor]:
        """The same of the best epoch so far."""
        return self._blocks(BEST).read(0)

    def averaged_weights(self) -> dict[str, Tensor]:
        """The averages of both; empty where the run has none."""
        return self._blocks(AVERAGES).read(0) if self._is_averaged else {}

    def moments(self) -> dict[str, Tensor]:
        """The optimizer's, as in a `Checkpoint`."""
        training = self.member.run.training
        return read_moments(self._moments, 0, self._optimizer, training, self.member.step)

    # What it does

    def train_epoch(self) -> EpochRecord:
        """Train an epoch and measure it; keep the weights if they are the best."""
        member, n_steps = self.member, self._rows.epochs.n_steps
        member.epoch += 1
        self._choose(optimizer_at(member.run.training, member.epoch))
        if member.run.training.regularization_schedule != "constant":
            self._described.set_dropout(regularization_factor(member.run.training, member.epoch))
        rate, norm = self._trained(is_measured(member.epoch))
        member.step += n_steps
        layers = self.measured_layers() if is_measured(member.epoch) else ()
        with self._averaged():
            record = epoch_record(
                self._tables.dataset,
                member.run,
                (member.epoch, member.step),
                (self._train_score(), self._valid_score()),
                learning_rate=rate,
                gradient_norm=norm,
                layers=layers,
            )
            if member.is_best(record):
                self._numbers[BEST].copy_(self._numbers[VALUES])
        return record

    @contextlib.contextmanager
    def _averaged(self) -> Iterator[None]:
        """The averages where the kernels look for the weights, for as long as it takes."""
        if not self._is_averaged:
            yield
            return
        own = self._numbers[VALUES].clone()
        self._numbers[VALUES].copy_(self._numbers[AVERAGES])
        try:
            yield
        finally:
            self._numbers[VALUES].copy_(own)

    def measured_layers(self) -> tuple[LayerGradientRecord, ...]:
        """How signals and gradients pass through the layers on the probe rows.

        Right after a measured epoch, or before the first one; see `gradients.measure_layers`.
        """
        index = self._probe_index()
        numbers = torch.empty(self._layout.n_layers + 1, 7, dtype=torch.float64)
        asked = structures.Probe(
            lesson=ctypes.addressof(self._lesson.described),
            update=ctypes.addressof(self._described.update),
            n_rows=len(index),
            index=address(index),
            before=self._described.before if self.member.epoch else 0,
            saturated_above=SATURATED,
            numbers=address(numbers),
        )
        native.kernel("probe_layers", self._tables.dtype)(ctypes.addressof(asked))
        names = [f"hidden {layer + 1}" for layer in range(self._layout.n_layers)] + ["output"]
        return tuple(
            LayerGradientRecord(layer, name, *row)
            for layer, (name, row) in enumerate(zip(names, numbers.tolist(), strict=True))
        )

    def _trained(self, keeps_last_step: bool) -> tuple[float, float]:
        """Take the steps of an epoch: the last learning rate, and the mean norm of gradients."""
        return self._lesson.train_epoch(
            self.member, self._optimizer, keeps_last_step=keeps_last_step
        )

    @property
    def _is_averaged(self) -> bool:
        return len(self._numbers) > AVERAGES

    @property
    def _n_valid(self) -> int:
        return self._rows.valid.n_rows(self.member.run)

    def _measured_train_rows(self) -> Tensor | int:
        """The measured part of the run's own train rows."""
        rows = self._rows
        index = measured_rows(rows.n_rows, self._n_valid)
        if rows.own_rows is not None:
            own = rows.own_rows[0]
            index = own.contiguous() if index is None else own[index]
        return rows.n_rows if index is None else index

    def _train_score(self) -> Score:
        rows = self._rows
        return self._scores.measure(rows.train.described, int(rows.train_starts), self._measured)

    def _valid_score(self) -> Score:
        rows = self._rows
        return self._scores.measure(rows.valid.described, int(rows.valid_starts), self._n_valid)

    def _probe_index(self) -> Tensor:
        rows = self._rows
        own = probe_rows(rows.n_rows)
        if rows.own_rows is not None:
            own = rows.own_rows[0, own]
        index: Tensor = (own + rows.train_starts[0]).to(torch.int32)
        return index

    def _choose(self, name: str) -> None:
        """Begin an optimizer with empty moments, unless it is the one in use."""
        if name == self._optimizer:
            return
        self._optimizer = name
        self._described.update.has_first = "first_moment" in MOMENTS[name]
        self._described.update.has_second = "second_moment" in MOMENTS[name]
        self._numbers[FIRST].zero_()
        self._numbers[SECOND].fill_(start_of_second(name))

    def _blocks(self, row: int) -> StackBlocks:
        """One of the rows of numbers under the names of the plain network's tensors."""
        return StackBlocks(
            self._layout,
            device="cpu",
            dtype=self._tables.dtype,
            statistics=row in (VALUES, BEST, AVERAGES),
            flat=self._numbers[row],
        )

    @property
    def _moments(self) -> tuple[StackBlocks, StackBlocks]:
        return self._blocks(FIRST), self._blocks(SECOND)
