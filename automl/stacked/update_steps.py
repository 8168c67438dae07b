"""One update of all runs of a stack, after the formula of `update_coefficients.py`.

`TorchUpdate` works block after block with torch calls, on any device; its compiled counterpart
is `kernels/update.h`. Penalties, clipping and norm limits are those of `optimizers.py`, in its
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.stacked.blocks import StackBlocks
from automl.stacked.rate_factors import stacked_factors
from automl.stacked.update_coefficients import COEFFICIENTS
from automl.training.config import TrainingConfig
from automl.training.optimizers import CLIP_EPSILON, MOMENTS


@dataclass(frozen=True, slots=True)
class UpdateState:
    """What an update reads and changes: parameters, gradients and moments, laid out alike."""

    values: StackBlocks
    gradients: StackBlocks
    first: StackBlocks
    second: StackBlocks
    norm_sum: Tensor  # (K,), the norms of gradients before clipping are added

    def blocks(self) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """The blocks as matrices (K_l, n), in this order; the last is of vectors."""
        columns = [
            [*blocks.matrices, blocks.vectors]
            for blocks in (self.values, self.gradients, self.first, self.second)
        ]
        return list(zip(*columns, strict=True))


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of parameters, as a matrix with the runs first, and what belongs to it.

    Shape:
        values, gradients, first, second, scratch: (K_l, n); coefficients: each (K_l, 1);
        rate_factors: (K_l, 1) or (K_l, n), None where all are 1.
    """

    values: Tensor
    gradients: Tensor
    first: Tensor
    second: Tensor
    scratch: Tensor
    coefficients: tuple[Tensor, ...]
    rate_factors: Tensor | None
    is_penalized: bool

    @property
    def n_runs(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class _Uses:
    """Which parts of the formula any run of the stack uses in this epoch."""

    first: bool
    second: bool
    nesterov: bool
    decay: bool
    weight_decay: bool

    @classmethod
    def of(cls, names: Sequence[str], trainings: Sequence[TrainingConfig]) -> _Uses:
        decaying = {
            name for name, training in zip(names, trainings, strict=True) if training.weight_decay
        }
        return cls(
            first=any("first_moment" in MOMENTS[name] for name in names),
            second=any("second_moment" in MOMENTS[name] for name in names),
            nesterov="nesterov" in names,
            decay="adamw" in decaying,
            weight_decay=bool(decaying - {"adamw"}),
        )


def _decay_(block: _Block, uses: _Uses) -> None:
    *_, decay, weight_decay = block.coefficients
    if uses.weight_decay:
        block.gradients.addcmul_(block.values, weight_decay)
    if uses.decay:
        factors = block.rate_factors
        block.values.mul_(decay if factors is None else 1 - factors * (1 - decay))


def _update_(block: _Block, uses: _Uses) -> None:
    """The formula, on one block."""
    first_weight, second_weight, ahead, offset, inverse_step, *_ = block.coefficients
    if block.rate_factors is not None:
        inverse_step = inverse_step / block.rate_factors
    gradients, scratch = block.gradients, block.scratch
    if uses.second:
        torch.mul(gradients, gradients, out=scratch)
        block.second.lerp_(scratch, second_weight)
    change = gradients
    if uses.first:
        block.first.lerp_(gradients, first_weight)
        change = gradients.lerp_(block.first, ahead) if uses.nesterov else block.first
    if not uses.second:
        torch.div(change, inverse_step, out=scratch)
        block.values.sub_(scratch)
        return
    torch.sqrt(block.second, out=scratch)
    scratch.add_(offset).mul_(inverse_step)
    block.values.addcdiv_(change, scratch, value=-1)


@dataclass(frozen=True, slots=True)
class Penalties:
    """What acts on weights beside the objective, per run; None where no run has it.

    Shape:
        each (K, 1).
    """

    l1: Tensor | None
    max_norm: Tensor | None
    clip_norm: Tensor | None

    @classmethod
    def of(cls, trainings: Sequence[TrainingConfig], like: Tensor) -> Penalties:
        """The penalties of some runs, on a tensor's device and in its precision."""

        def column(values: list[float | None], absent: float) -> Tensor | None:
            if all(value is None or value == absent for value in values):
                return None
            numbers = [absent if value is None else value for value in values]
            return torch.tensor(numbers, dtype=like.dtype, device=like.device)[:, None]

        return cls(
            l1=column([t.l1 for t in trainings], 0.0),
            max_norm=column([t.max_norm for t in trainings], torch.inf),
            clip_norm=column([t.gradient_clip_norm for t in trainings], torch.inf),
        )

    def clip_factor(self, norm: Tensor) -> Tensor | None:
        """What gradients of this norm are multiplied by, (K, 1); 1 for runs without a limit."""
        if self.clip_norm is None:
            return None
        factor = (self.clip_norm / (norm[:, None] + CLIP_EPSILON)).clamp_(max=1.0)
        return torch.where(self.clip_norm.isinf(), 1.0, factor)


def _limit_norms_(weights: Tensor, max_norm: Tensor) -> None:
    """As `optimizers.limit_norms_`.

    Shape:
        weights: (K_l, n_in, n_out); max_norm: (K_l, 1), infinite for runs without a limit.
    """
    norms = torch.linalg.vector_norm(weights, dim=1, keepdim=True)
    weights.mul_((max_norm[:, :, None] / norms.clamp_(min=1e-30)).clamp_(max=1.0))


class TorchUpdate:
    """Updates by torch calls, one block of parameters after another."""

    def __init__(self, state: UpdateState, trainings: Sequence[TrainingConfig]) -> None:
        self._state, self._trainings = state, tuple(trainings)
        flat, n_runs = state.values.flat, len(trainings)
        self._now = flat.new_zeros(len(COEFFICIENTS), n_runs, 1)
        self._penalties = Penalties.of(trainings, flat)
        self._blocks = self._make_blocks()
        self._norms = flat.new_zeros(len(self._blocks), n_runs)
        self._steps: Sequence[Tensor] = ()
        self._uses = _Uses.of([], [])

    def begin_epoch(self, names: Sequence[str], coefficients: Tensor) -> None:
        """Take up the optimizers and the coefficients of all steps, (S, 7, K)."""
        self._steps = coefficients[..., None].unbind(0)
        self._uses = _Uses.of(names, self._trainings)

    def step(self, step: int) -> None:
        """Update all runs by their gradients, which are used up."""
        self._now.copy_(self._steps[step])
        penalties = self._penalties
        for number, block in enumerate(self._blocks):
            if block.is_penalized and penalties.l1 is not None:
                torch.sign(block.values, out=block.scratch)
                block.gradients.addcmul_(block.scratch, penalties.l1[: block.n_runs])
            norms = self._norms[number, : block.n_runs]
            torch.linalg.vector_norm(block.gradients, dim=1, out=norms)
        norm = torch.linalg.vector_norm(self._norms, dim=0)
        self._state.norm_sum.add_(norm)
        factor = penalties.clip_factor(norm)
        for block in self._blocks:
            if factor is not None:
                block.gradients.mul_(factor[: block.n_runs])
            if block.is_penalized:
                _decay_(block, self._uses)
            _update_(block, self._uses)
        if penalties.max_norm is not None:
            for weights in (*self._state.values.hidden, self._state.values.output):
                _limit_norms_(weights, penalties.max_norm[: len(weights)])

    def _make_blocks(self) -> list[_Block]:
        columns = self._state.blocks()
        scratch = self._now.new_zeros(max(values.numel() for values, *_ in columns))
        factors = stacked_factors(self._state.values.layout, self._trainings, self._now)
        return [
            _Block(
                values,
                gradients,
                first,
                second,
                scratch[: values.numel()].view_as(values),
                self._now[:, : len(values)].unbind(0),
                factors[number],
                is_penalized=number < len(columns) - 1,
            )
            for number, (values, gradients, first, second) in enumerate(columns)
        ]
