"""The rows that stacked runs gather from: one table per split, with every scaling in use.

A run's scaling is a map of its inputs. Here each map in use is applied to a whole split once,
and the results lie behind one another, so that a stack of runs with different scalings and
folds fetches a batch with a single gather: only the row numbers differ.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.data.table.inputs import table_encoding, table_inputs
from automl.stacked import native_structures as structures
from automl.stacked.native_structures import address
from automl.training.batches import own_targets, split_read
from automl.training.config import RowSubset, RunConfig
from automl.training.target_transform import fitted_curve
from storage.records import Task


@dataclass(frozen=True, slots=True)
class TableRows:
    """Scaled rows on a device.

    Shape:
        inputs: (N, D); categories: (N, E) int64; targets: (N,) int64 classes or values; weights:
        (N,), None where all rows weigh the same.
    """

    inputs: Tensor
    categories: Tensor
    targets: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def described(self) -> ctypes.Structure:
        """Where the rows lie, for the compiled kernels."""
        is_real = self.targets.is_floating_point()
        return structures.Rows(
            n_columns=self.inputs.shape[1],
            n_embedded=self.categories.shape[1],
            columns=address(self.inputs),
            categories=address(self.categories),
            classes=0 if is_real else address(self.targets),
            values=address(self.targets) if is_real else 0,
            weights=address(self.weights),
        )


class Goal(NamedTuple):
    """What runs are trained towards: a target transform, and the rows that it is fitted to.

    Attributes:
        rows: a part of the train rows; None: all of them.
        fold: whose part that is; None: each fold has a curve of its own.
    """

    transform: str
    rows: RowSubset | None = None
    fold: int | None = None


AS_IT_IS: Final = Goal("none")


def goal_of(run: RunConfig, task: Task) -> Goal:
    """What a run is trained towards; classes, and most quantities, as they are."""
    transform = run.training.target_transform
    if task != "regression" or transform == "none":
        return AS_IT_IS
    return Goal(transform, run.rows, None if run.rows is None else run.fold)


class ScaledRows:
    """A split of all folds in use that have one kind of inputs, in all scalings in use.

    Each fold is encoded by its own train rows, so that folds may differ in their columns.

    Attributes:
        rows: the tables of the pairs of fold and scaling seen so far, one behind another.
        described: where they lie now, for the compiled kernels.

    What runs with a target transform are trained towards lies beside it in a column of its own
    for each `Goal` in use (`learned`).
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        device: torch.device,
        dtype: torch.dtype,
        fold: int = 0,
    ) -> None:
        """Begin a table for runs whose fold has the inputs of this one; no row is in it yet."""
        self._dataset, self._split = dataset, split
        self._device, self._dtype = device, dtype
        self._starts: dict[tuple[int, str], int] = {}
        self._sizes = [len(split_read(each, split)) for each in dataset.folds]
        self.rows = self._scaled(fold, "standard", stop=0)
        self.described = self.rows.described()
        self._learned: dict[Goal, tuple[TableRows, ctypes.Structure]] = {}

    def start_of(self, run: RunConfig) -> int:
        """Where the run's fold and scaling begin; made if they are new."""
        key = (run.fold, run.model.scaling)
        if key not in self._starts:
            start = self._starts[key] = len(self.rows)
            more = self._scaled(run.fold, run.model.scaling)
            self.rows = TableRows(
                torch.cat([self.rows.inputs, more.inputs]),
                torch.cat([self.rows.categories, more.categories]),
                torch.cat([self.rows.targets, more.targets]),
                None if more.weights is None else self._more_weights(more.weights),
            )
            ctypes.pointer(self.described)[0] = self.rows.described()  # runs point to it
            for goal, (before, described) in self._learned.items():
                more_targets = self._transformed(goal, run.fold, self.rows.targets[start:])
                rows = self._with(torch.cat([before.targets, more_targets]))
                self._learned[goal] = rows, described
                ctypes.pointer(described)[0] = rows.described()
        return self._starts[key]

    def _more_weights(self, more: Tensor) -> Tensor:
        before = self.rows.weights
        return more if before is None else torch.cat([before, more])

    def goal_of(self, run: RunConfig) -> Goal:
        """What a run is trained towards."""
        return goal_of(run, self._dataset.task)

    def learned(self, goal: Goal) -> TableRows:
        """The rows with what is to be put out as targets; made if a goal is new."""
        return self.rows if goal == AS_IT_IS else self._column(goal)[0]

    def learned_described(self, run: RunConfig) -> ctypes.Structure:
        """Where these lie now, for the compiled kernels."""
        goal = self.goal_of(run)
        return self.described if goal == AS_IT_IS else self._column(goal)[1]

    def _column(self, goal: Goal) -> tuple[TableRows, ctypes.Structure]:
        if goal not in self._learned:
            parts = [
                self._transformed(goal, fold, self.rows.targets[start : start + self._sizes[fold]])
                for (fold, _), start in self._starts.items()
            ]
            rows = self._with(torch.cat(parts))
            self._learned[goal] = rows, rows.described()
        return self._learned[goal]

    def _with(self, targets: Tensor) -> TableRows:
        return replace(self.rows, targets=targets)

    def _transformed(self, goal: Goal, fold: int, targets: Tensor) -> Tensor:
        """What targets of a fold become before they are learned."""
        if goal.fold not in (None, fold):
            return targets  # which no run of this goal reads
        known = own_targets(goal.rows, self._dataset.folds[fold].train.targets)
        curve = fitted_curve(goal.transform, known)
        return targets if curve is None else curve.to_learn(targets).to(targets)

    def n_rows(self, run: RunConfig) -> int:
        """Rows of the split in the run's fold, of the validation rows those that are measured."""
        return self._sizes[run.fold]

    def _scaled(self, fold: int, scaling: str, stop: int | None = None) -> TableRows:
        held = self._dataset.folds[fold]
        split = split_read(held, self._split)
        inputs = table_inputs(split.inputs)
        scaling_map = table_encoding(held.encoding).scalings[scaling]
        numbers = inputs.before(scaling).to(self._device, self._dtype)[:stop]
        targets, weights = split.targets[:stop].to(self._device), split.weights
        return TableRows(
            scaling_map.to(self._device, self._dtype).apply(numbers),
            inputs.categories.to(self._device)[:stop],
            targets.to(self._dtype) if targets.is_floating_point() else targets,
            None if weights is None else weights[:stop].to(self._device, self._dtype),
        )


def gather(rows: TableRows, index: Tensor, columns: Tensor, codes: list[Tensor]) -> None:
    """Fetch a batch of every run.

    Shape:
        index: (K x B,) int64; columns: (K, B, >= D), filled in the first D; codes: per embedded
        column (K, B).
    """
    n_features = rows.inputs.shape[1]
    if columns.shape[-1] == n_features:
        torch.index_select(rows.inputs, 0, index, out=columns.view(-1, n_features))
    else:
        columns[..., :n_features] = rows.inputs[index].view(*columns.shape[:2], n_features)
    if not codes:
        return
    found = rows.categories[index]
    for column, own in enumerate(codes):
        own.copy_(found[:, column].view_as(own))
