"""The data as trainers see it: encoded tensors, split, one fold or several.

What a row's inputs are depends on the kind of data (`inputs.py`); its target is a class code or a
standardized value. Test targets are read by the final evaluation only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from automl.data.inputs import Encoding, Inputs
from storage.records import Task


@dataclass(frozen=True, slots=True)
class Split:
    """Encoded rows.

    Shape:
        inputs: N rows; targets: (N,) int64 class codes, or float32 standardized values; weights:
        (N,) float32 of mean 1, see `row_weights.py`, None where all rows weigh the same.

    Attributes:
        mean_weight: of the weights as they were given: what weights are times it.
    """

    inputs: Inputs
    targets: Tensor
    weights: Tensor | None = None
    mean_weight: float = 1.0

    def __len__(self) -> int:
        return int(self.targets.shape[0])

    def to(self, device: torch.device | str) -> Split:
        """The same rows on another device."""
        weights = None if self.weights is None else self.weights.to(device)
        return replace(
            self, inputs=self.inputs.to(device), targets=self.targets.to(device), weights=weights
        )

    def some(self, rows: Tensor) -> Split:
        """Some of the rows, with the weights that they have among all of them."""
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, inputs=self.inputs[rows], targets=self.targets[rows], weights=weights)


@dataclass(frozen=True, slots=True)
class Fold:
    """One train/valid division with its own encoding, and the test rows encoded by it."""

    train: Split
    valid: Split
    test: Split
    encoding: Encoding
    target_mean: float = 0.0  # regression: target = standardized * target_scale + target_mean
    target_scale: float = 1.0
    class_weights: Tensor | None = None  # (C,) float32; act on the training objective only

    def split(self, name: str) -> Split:
        """The rows called "train", "valid" or "test"."""
        splits = {"train": self.train, "valid": self.valid, "test": self.test}
        return splits[name]

    def original_targets(self, name: str) -> Tensor:
        """A split's class codes, or its values in the target's own unit as float64, (N,)."""
        targets = self.split(name).targets
        if not targets.is_floating_point():
            return targets
        return targets.double() * self.target_scale + self.target_mean

    def to(self, device: torch.device | str) -> Fold:
        """The same fold on another device."""
        weights = self.class_weights
        return replace(
            self,
            train=self.train.to(device),
            valid=self.valid.to(device),
            test=self.test.to(device),
            encoding=self.encoding.to(device),
            class_weights=None if weights is None else weights.to(device),
        )


def outputs_per_row(task: Task, n_classes: int) -> int:
    """Outputs of a network: one per class, one alone for binary tasks and regression."""
    return n_classes if task == "multiclass" else 1


@dataclass(frozen=True, slots=True)
class DataDescription:
    """What a network must know of the data that it is built for."""

    task: Task
    n_classes: int  # 1 for regression, 2 for binary
    n_rows: int  # to train on
    encoding: Encoding

    @property
    def n_outputs(self) -> int:
        """Outputs per row: one per class, one alone for binary tasks and regression."""
        return outputs_per_row(self.task, self.n_classes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of a row's numbers: (D,) for tables."""
        return self.encoding.input_shape

    @property
    def n_features(self) -> int:
        """Numbers per row."""
        return self.encoding.n_features

    @property
    def n_numbers(self) -> int:
        """How many of them, the first ones, are known to be numeric columns."""
        return self.encoding.n_numbers

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Codes of each column that holds categories as codes."""
        return self.encoding.cardinalities


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a study trains on: the task and one fold, or K of them."""

    task: Task
    loss: str
    n_classes: int  # 1 for regression, 2 for binary
    folds: tuple[Fold, ...]

    @property
    def is_weighted(self) -> bool:
        """Whether rows have weights: those of all splits have, or of none."""
        return any(fold.train.weights is not None for fold in self.folds)

    @property
    def n_outputs(self) -> int:
        """Outputs of the network: one per class, one alone for binary and regression."""
        return outputs_per_row(self.task, self.n_classes)

    def to(self, device: torch.device | str) -> Dataset:
        """The same data on another device."""
        return replace(self, folds=tuple(fold.to(device) for fold in self.folds))

    def describe(self, fold: int = 0) -> DataDescription:
        """What a network must know of a fold to be built for it."""
        held = self.folds[fold]
        return DataDescription(self.task, self.n_classes, len(held.train), held.encoding)


NO_DATA: Final = Dataset("objective", "objective", 1, ())
"""What is trained on where a person's own loop brings its data itself."""
