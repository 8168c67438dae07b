"""The rows that stacked runs gather from: one table per split, with every scaling in use.

A run's scaling is a map of its inputs. Here each map in use is applied to a whole split once,
and the results lie behind one another, so that a stack of runs with different scalings and
folds fetches a batch with a single gather: only the row numbers differ.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.data.table.inputs import table_encoding, table_inputs
from automl.stacked import native_structures as structures
from automl.stacked.native_structures import address
from automl.training.batches import split_read
from automl.training.config import RunConfig
from automl.training.target_transform import fitted_curve


@dataclass(frozen=True, slots=True)
class TableRows:
    """Scaled rows on a device.

    Shape:
        inputs: (N, D); categories: (N, E) int64; targets: (N,) int64 classes or values.
    """

    inputs: Tensor
    categories: Tensor
    targets: Tensor

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
        )


class ScaledRows:
    """A split of all folds in use that have one kind of inputs, in all scalings in use.

    Each fold is encoded by its own train rows, so that folds may differ in their columns.

    Attributes:
        rows: the tables of the pairs of fold and scaling seen so far, one behind another.
        described: where they lie now, for the compiled kernels.

    What runs with a target transform are trained towards lies beside it in a column of its own
    for each transform in use (`learned`).
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
        self._learned: dict[str, tuple[TableRows, ctypes.Structure]] = {}

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
            )
            ctypes.pointer(self.described)[0] = self.rows.described()  # runs point to it
            for name, (before, described) in self._learned.items():
                goals = self._goals(name, run.fold, self.rows.targets[start:])
                self._learned[name] = self._with(torch.cat([before.targets, goals])), described
                ctypes.pointer(described)[0] = self._learned[name][0].described()
        return self._starts[key]

    def transform_of(self, run: RunConfig) -> str:
        """What the run's targets go through; "none" where they are classes."""
        return run.training.target_transform if self._dataset.task == "regression" else "none"

    def learned(self, transform: str) -> TableRows:
        """The rows with what is to be put out as targets; made if a transform is new."""
        return self.rows if transform == "none" else self._column(transform)[0]

    def learned_described(self, run: RunConfig) -> ctypes.Structure:
        """Where these lie now, for the compiled kernels."""
        transform = self.transform_of(run)
        return self.described if transform == "none" else self._column(transform)[1]

    def _column(self, transform: str) -> tuple[TableRows, ctypes.Structure]:
        if transform not in self._learned:
            parts = [
                self._goals(transform, fold, self.rows.targets[start : start + self._sizes[fold]])
                for (fold, _), start in self._starts.items()
            ]
            rows = self._with(torch.cat(parts))
            self._learned[transform] = rows, rows.described()
        return self._learned[transform]

    def _with(self, targets: Tensor) -> TableRows:
        return TableRows(self.rows.inputs, self.rows.categories, targets)

    def _goals(self, transform: str, fold: int, targets: Tensor) -> Tensor:
        """What targets of a fold become before they are learned."""
        curve = fitted_curve(transform, self._dataset.folds[fold].train.targets)
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
        targets = split.targets[:stop].to(self._device)
        return TableRows(
            scaling_map.to(self._device, self._dtype).apply(numbers),
            inputs.categories.to(self._device)[:stop],
            targets.to(self._dtype) if targets.is_floating_point() else targets,
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
