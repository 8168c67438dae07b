"""The data as trainers see it: encoded tensors, split, one fold or several.

Columns are imputed and encoded once, by a preprocessor fitted on the fold's train rows
only. Numeric inputs are kept twice: linear in the original values, and quantile-scaled.
Standard, min-max and robust scaling are affine maps, kept as (shift, scale) per scaling,
which a run applies as the first step of its network. Test targets are read by the final
evaluation only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from storage.records import Task


@dataclass(frozen=True, slots=True)
class Split:
    """Encoded rows. Columns of `numeric` are the one-hot and missing-indicator columns too.

    Shape:
        numeric, quantile: (N, D) float32; categories: (N, E) int64, one code per embedded
        column; targets: (N,) int64 class codes, or float32 standardized values.
    """

    numeric: Tensor
    quantile: Tensor
    categories: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return int(self.targets.shape[0])

    def inputs(self, scaling: str) -> Tensor:
        """The copy of the inputs that a scaling starts from, (N, D)."""
        return self.quantile if scaling == "quantile" else self.numeric

    def to(self, device: torch.device | str) -> Split:
        """The same rows on another device."""
        return Split(
            self.numeric.to(device),
            self.quantile.to(device),
            self.categories.to(device),
            self.targets.to(device),
        )


@dataclass(frozen=True, slots=True)
class AffineScaling:
    """The input map x -> (x - shift) * scale, column by column.

    Shape:
        shift, scale: (D,) float32. Columns that are 0/1 codes have shift 0 and scale 1;
        columns that are constant in the train rows have scale 0.
    """

    shift: Tensor
    scale: Tensor

    def to(self, device: torch.device | str) -> AffineScaling:
        """The same map on another device."""
        return AffineScaling(self.shift.to(device), self.scale.to(device))


@dataclass(frozen=True, slots=True)
class Fold:
    """One train/valid division with its own preprocessing, and the test rows encoded by it."""

    train: Split
    valid: Split
    test: Split
    scalings: Mapping[str, AffineScaling]  # "standard", "min_max", "robust", "quantile" (identity)
    cardinalities: tuple[int, ...]  # codes per embedded column, "unknown" included
    target_mean: float = 0.0  # regression: target = standardized * target_scale + target_mean
    target_scale: float = 1.0
    class_weights: Tensor | None = None  # (C,) float32; act on the training objective only

    @property
    def n_features(self) -> int:
        """D, the width of the numeric inputs."""
        return int(self.train.numeric.shape[1])

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
            scalings={name: scaling.to(device) for name, scaling in self.scalings.items()},
            class_weights=None if weights is None else weights.to(device),
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a study trains on: the task and one fold, or K of them."""

    task: Task
    loss: str
    n_classes: int  # 1 for regression, 2 for binary
    folds: tuple[Fold, ...]

    @property
    def n_outputs(self) -> int:
        """Outputs of the network: one per class, one alone for binary and regression."""
        return self.n_classes if self.task == "multiclass" else 1

    @property
    def metric(self) -> str:
        """The task's metric in epoch records: lower is better."""
        return "rmse" if self.task == "regression" else "error_rate"

    def to(self, device: torch.device | str) -> Dataset:
        """The same data on another device."""
        return replace(self, folds=tuple(fold.to(device) for fold in self.folds))
