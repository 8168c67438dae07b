"""The updates of one run by the compiled kernels: those of an epoch are one call.

What does not change from epoch to epoch is described once (`native_structures.py`); an epoch
brings its order of rows, its step and the numbers of the optimizer's formula.
"""

from __future__ import annotations

import ctypes
import math
from typing import Final

import torch
from torch import Tensor

from automl.models.mlp.mixup import own_shares
from automl.stacked import native
from automl.stacked import native_structures as structures
from automl.stacked.member import Member
from automl.stacked.native_description import DescribedRun
from automl.stacked.native_order import NativeOrder
from automl.stacked.native_structures import address
from automl.stacked.stack_rows import StackRows, Tables
from automl.stacked.update_coefficients import RunCoefficients
from automl.training.averaging import averaging_weights
from automl.training.batches import PROBE_ROWS

LOSSES: Final = ("cross_entropy", "binary_cross_entropy", "mean_squared", "mean_absolute", "huber")
"""Names of losses in the order of the kernels' `Loss`."""


class NativeLesson:
    """What a run learns from, and how what it learns is counted.

    Attributes:
        described: the same for the kernels.
    """

    def __init__(
        self,
        tables: Tables,
        rows: StackRows,
        member: Member,
        described: DescribedRun,
        averages: Tensor | None,
    ) -> None:
        """Describe it; `averages`: the row of the run's numbers that updates go into, if any."""
        training, n_steps = member.run.training, len(rows.bounds)
        most_rows = max(stop - start for start, stop in rows.bounds)
        self._objective = _Objective(tables, member, most_rows)
        self._order = NativeOrder(rows, member.run.seed, tables.dtype)
        self._coefficients = RunCoefficients(training, n_steps, tables.dtype)
        self._bounds = torch.tensor([0, *(stop for _, stop in rows.bounds)])
        described.update.limits = address(self._objective.limits)
        described.update.norm_sum = address(self._objective.norm_sum)
        self._before, self._averages = described.before, averages
        self.described = structures.Lesson(
            network=ctypes.addressof(described.network),
            rows=ctypes.addressof(rows.train.learned_described(member.run)),
            embeddings=ctypes.addressof(described.embeddings),
            loss=LOSSES.index(tables.dataset.loss),
            smoothing=address(self._objective.smoothing),
            class_weights=address(self._objective.class_weights),
            classes=described.targets,
            values=described.targets,
            next_classes=address(self._objective.next_targets),
            next_values=address(self._objective.next_targets),
            next_gradients=address(self._objective.next_gradients),
            weights=address(self._objective.weights),
            next_weights=address(self._objective.next_weights),
        )
        self._asked = structures.Epoch(
            lesson=ctypes.addressof(self.described),
            update=ctypes.addressof(described.update),
            n_steps=n_steps,
            bounds=address(self._bounds),
            averages=address(self._averages),
            n_averaged=0 if self._averages is None else len(self._averages),
        )
        self._kernel = native.kernel("train_epoch", tables.dtype)

    def train_epoch(
        self, member: Member, optimizer: str, *, keeps_last_step: bool
    ) -> tuple[float, float]:
        """Take the steps of the member's epoch.

        Args:
            optimizer: the one in use.
            keeps_last_step: whether the parameters before it are wanted.

        Returns:
            The last learning rate, and the mean norm of gradients.
        """
        asked = self._asked
        coefficients, rate = self._coefficients.of_epoch(optimizer, member.step)
        order = self._order.of_epoch(member.epoch)
        asked.first_step, asked.order = member.step, address(order)
        asked.coefficients = address(coefficients)
        asked.before = self._before if keeps_last_step else 0
        if self._averages is not None:
            weights = averaging_weights(
                member.run.training, asked.n_steps, member.step, asked.n_steps
            )
            averaging = torch.from_numpy(weights).to(self._averages.dtype)
            asked.averaging = address(averaging)
        shares = self._own_shares(member)
        asked.own_shares = address(shares)
        self._kernel(ctypes.addressof(asked))
        return rate, self._objective.norm_sum.item() / asked.n_steps

    def _own_shares(self, member: Member) -> Tensor | None:
        """What stays of each row in the steps of the member's epoch, (S,) float64; None: all."""
        run = member.run
        if run.model.mixup == 0:
            return None
        shares = own_shares(run.model, run.seed, member.step, self._asked.n_steps)
        return torch.tensor(shares, dtype=torch.float64)


class _Objective:
    """What a run descends beside the batch, where the kernels can read it."""

    def __init__(self, tables: Tables, member: Member, most_rows: int) -> None:
        dataset, run = tables.dataset, member.run
        training = run.training
        smoothing = 0.0 if dataset.task == "regression" else training.label_smoothing
        limits = [
            training.l1,
            math.inf if training.max_norm is None else training.max_norm,
            math.inf if training.gradient_clip_norm is None else training.gradient_clip_norm,
        ]
        numbers = torch.tensor([*limits, smoothing, 0.0], dtype=tables.dtype)
        self.limits, self.smoothing, self.norm_sum = numbers.split([3, 1, 1])
        self.next_targets = self.next_gradients = None  # of rows that are mixed
        if run.model.mixup:
            n_outputs = run.model.n_members * most_rows  # of a batch
            self.next_targets = torch.empty(n_outputs, dtype=torch.int64)  # as wide as any target
            self.next_gradients = torch.empty(dataset.n_outputs, n_outputs, dtype=tables.dtype)
        self.weights = self.next_weights = None  # of a batch's rows, or of those that are probed
        if dataset.is_weighted:
            n_weights = run.model.n_members * max(most_rows, PROBE_ROWS)
            self.weights = torch.empty(n_weights, dtype=tables.dtype)
            self.next_weights = torch.empty_like(self.weights)
        of_classes = dataset.folds[run.fold].class_weights
        self.class_weights = (
            None if of_classes is None else of_classes.to(tables.dtype).contiguous()
        )
