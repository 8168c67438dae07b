"""One update of all runs of a stack: seven optimizers as one formula with per-run numbers.

    m += first_weight * (g - m)             c = m, or for nesterov g + momentum * (m - g)
    s += second_weight * (g^2 - s)          w -= c / ((sqrt(s) + offset) * inverse_step)

The moments are running means: momentum's buffer is m / (1 - momentum), Adagrad's sum is
s x (steps done). SGD has first_weight 1, and s = 1 where there is no second moment. A zero
in s would cost: torch's square root of zeros takes six times as long, so s starts at a number
whose root is far below every offset. What comes before and after (penalties, clipping, norm
limits) is as in `optimizers.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor

from automl.models.stacked import StackBlocks
from automl.training.config import TrainingConfig
from automl.training.optimizers import CLIP_EPSILON, MOMENTS
from automl.training.schedules import Schedules, optimizer_at

ADAM_BETAS: Final = (0.9, 0.999)  # Kingma & Ba 2015, and torch's defaults, as the next ones
ADAM_EPSILON: Final = 1e-8
RMSPROP_ALPHA: Final = 0.99
RMSPROP_EPSILON: Final = 1e-8
ADAGRAD_EPSILON: Final = 1e-10

COEFFICIENTS: Final = (
    "first_weight",
    "second_weight",
    "ahead",  # nesterov: how far from g towards m the change lies; else 1
    "offset",
    "inverse_step",
    "decay",  # adamw: what weights are multiplied by
    "weight_decay",  # of the others: what times w is added to the gradient
)


def smallest_square(dtype: torch.dtype) -> float:
    """What second moments start at: its root is 1e-15 in float32, 1e-30 in float64."""
    return 1e-30 if dtype == torch.float32 else 1e-60


def coefficients_of(
    name: str, training: TrainingConfig, learning_rates: Tensor, first_step: int
) -> Tensor:
    """The formula's numbers for one run at coming updates.

    Args:
        name: the optimizer in use.
        first_step: updates done so far.

    Shape:
        learning_rates: (S,) float64; result: (S, 7) float64 in the order of `COEFFICIENTS`.

    Source:
        Kingma & Ba 2015, algorithm 1; Duchi et al. 2011; Tieleman & Hinton 2012, lecture 6.5;
        Sutskever et al. 2013 for nesterov; Loshchilov & Hutter 2019 for adamw's decay.
    """
    n = torch.arange(1, len(learning_rates) + 1, dtype=torch.float64) + first_step
    ones = torch.ones_like(n)
    first, second, ahead, offset, decay = ones, 0 * ones, ones, 0 * ones, ones
    step, coupled = learning_rates, training.weight_decay * ones
    if name in ("momentum", "nesterov"):
        first = (1 - training.momentum) * ones
        ahead = training.momentum * ones if name == "nesterov" else ones
        step = learning_rates / (1 - training.momentum)
    elif name == "adagrad":
        second = 1 / n
        offset, step = ADAGRAD_EPSILON / n.sqrt(), learning_rates / n.sqrt()
    elif name == "rmsprop":
        second, offset = (1 - RMSPROP_ALPHA) * ones, RMSPROP_EPSILON * ones
    elif name in ("adam", "adamw"):
        first, second = (1 - ADAM_BETAS[0]) * ones, (1 - ADAM_BETAS[1]) * ones
        correction = (1 - ADAM_BETAS[1] ** n).sqrt()
        offset, step = ADAM_EPSILON * correction, learning_rates * correction
        step = step / (1 - ADAM_BETAS[0] ** n)
        if name == "adamw":
            decay, coupled = 1 - learning_rates * training.weight_decay, 0 * ones
    # A learning rate of exactly 0 gives an infinite inverse, and so an update of exactly 0.
    return torch.stack([first, second, ahead, offset, 1 / step, decay, coupled], dim=1)


def moment_scales(name: str, training: TrainingConfig, step: int) -> tuple[float, float]:
    """What times m and s gives torch.optim's moments after `step` updates."""
    first = 1 / (1 - training.momentum) if name in ("momentum", "nesterov") else 1.0
    return first, float(max(1, step)) if name == "adagrad" else 1.0


class StackedUpdates:
    """The optimizers of a stack's runs: their moments, and one update after another.

    Attributes:
        first, second: the moments, laid out like the parameters.
        names: each run's optimizer in the current epoch.
        learning_rates: (K, S) of the current epoch, float64.
        norm_sum: (K,) sum of the epoch's gradient norms, before clipping.
    """

    def __init__(
        self, values: StackBlocks, gradients: StackBlocks, trainings: Sequence[TrainingConfig]
    ) -> None:
        self._trainings = tuple(trainings)
        self._values, self._gradients = values, gradients
        self._empty = partial(torch.zeros, device=values.flat.device, dtype=values.flat.dtype)
        layout, device, dtype = values.layout, values.flat.device, values.flat.dtype
        self.first = StackBlocks(layout, device=device, dtype=dtype)
        self.second = StackBlocks(layout, device=device, dtype=dtype)
        self.names = [""] * len(trainings)
        self.learning_rates = torch.zeros(len(trainings), 0)
        self.norm_sum = self._empty(len(trainings))
        self._steps: Sequence[Tensor] = ()
        self._now = self._empty(len(COEFFICIENTS), len(trainings), 1)
        self._blocks = self._make_blocks()
        self._norms = self._empty(len(self._blocks), len(trainings))
        self._penalties = _Penalties.of(trainings, self._now)
        for k, training in enumerate(trainings):
            self.choose(k, optimizer_at(training, 1))

    def begin_epoch(self, epochs: Sequence[int], first_steps: Sequence[int], n_steps: int) -> None:
        """Get ready for an epoch: choose optimizers, compute all steps' coefficients.

        Args:
            epochs: the coming epoch of each run, from 1.
            first_steps: updates that each run has done.
        """
        for k, (training, epoch) in enumerate(zip(self._trainings, epochs, strict=True)):
            name = optimizer_at(training, epoch)
            if name != self.names[k]:
                self.choose(k, name)
        schedules = Schedules.of(self._trainings, n_steps)
        self.learning_rates = schedules.learning_rates(first_steps, n_steps)
        per_run = [
            coefficients_of(name, training, rates, step)
            for name, training, rates, step in zip(
                self.names, self._trainings, self.learning_rates, first_steps, strict=True
            )
        ]
        table = torch.stack(per_run, dim=2)[..., None].to(self._now)  # (S, 7, K, 1)
        self._steps = table.unbind(0)
        self._uses = _Uses.of(self.names, self._trainings)
        self.norm_sum.zero_()
        # Zeros would make the square root slow; they come from gradients that are zero.
        self.second.flat.clamp_(min=smallest_square(self._now.dtype))

    def step(self, step: int) -> None:
        """Update all runs by their gradients, which are used up.

        Args:
            step: of the epoch, from 0.
        """
        self._now.copy_(self._steps[step])
        penalties, uses = self._penalties, self._uses
        for number, block in enumerate(self._blocks):
            if block.is_penalized and penalties.l1 is not None:
                torch.sign(block.values, out=block.scratch)
                block.gradients.addcmul_(block.scratch, penalties.l1[: block.n_runs])
            norms = self._norms[number, : block.n_runs]
            torch.linalg.vector_norm(block.gradients, dim=1, out=norms)
        norm = torch.linalg.vector_norm(self._norms, dim=0)
        self.norm_sum.add_(norm)
        factor = penalties.clip_factor(norm)
        for block in self._blocks:
            if factor is not None:
                block.gradients.mul_(factor[: block.n_runs])
            if block.is_penalized:
                _decay_(block, uses)
            _update_(block, uses)
        if penalties.max_norm is not None:
            for weights in (*self._values.hidden, self._values.output):
                _limit_norms_(weights, penalties.max_norm[: len(weights)])

    def _make_blocks(self) -> list[_Block]:
        """One block per layer, and one for all vectors; penalties do not act on the latter."""
        columns = [
            [*blocks.matrices, blocks.vectors]
            for blocks in (self._values, self._gradients, self.first, self.second)
        ]
        scratch = self._empty(max(values.numel() for values in columns[0]))
        return [
            _Block(
                *tensors,
                scratch=scratch[: tensors[0].numel()].view_as(tensors[0]),
                coefficients=self._now[:, : len(tensors[0])].unbind(0),
                is_penalized=number < len(columns[0]) - 1,
            )
            for number, tensors in enumerate(zip(*columns, strict=True))
        ]

    def choose(self, k: int, name: str) -> None:
        """Begin run k's optimizer, with empty moments."""
        self.names[k] = name
        start = 1.0 if "second_moment" not in MOMENTS[name] else 0.0
        for block in self._blocks:
            if k < block.n_runs:
                block.first[k].zero_()
                block.second[k].fill_(start)

    def read_moments(self, k: int, step: int) -> dict[str, Tensor]:
        """Run k's moments as in a `Checkpoint`, on the CPU."""
        if step == 0:
            return {}
        scales = moment_scales(self.names[k], self._trainings[k], step)
        moments = zip(
            ("first_moment", "second_moment"), (self.first, self.second), scales, strict=True
        )
        return {
            f"{moment}.{name}": values * scale
            for moment, blocks, scale in moments
            if moment in MOMENTS[self.names[k]]
            for name, values in blocks.read(k).items()
        }

    def write_moments(self, k: int, name: str, moments: Mapping[str, Tensor], step: int) -> None:
        """Set run k's optimizer and moments from a checkpoint taken after `step` updates."""
        self.choose(k, name)
        if not moments:
            return
        scales = moment_scales(name, self._trainings[k], step)
        for moment, blocks, scale in zip(
            ("first_moment", "second_moment"), (self.first, self.second), scales, strict=True
        ):
            if moment in MOMENTS[name]:
                prefix = f"{moment}."
                blocks.write(
                    k,
                    {
                        key.removeprefix(prefix): values / scale
                        for key, values in moments.items()
                        if key.startswith(prefix)
                    },
                )


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of parameters, as a matrix with the runs first, and what belongs to it.

    Shape:
        values, gradients, first, second, scratch: (K_l, n); coefficients: each (K_l, 1).
    """

    values: Tensor
    gradients: Tensor
    first: Tensor
    second: Tensor
    scratch: Tensor
    coefficients: tuple[Tensor, ...]
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
        block.values.mul_(decay)


def _update_(block: _Block, uses: _Uses) -> None:
    """The formula, on one block."""
    first_weight, second_weight, ahead, offset, inverse_step, *_ = block.coefficients
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
class _Penalties:
    """What acts on weights beside the objective, per run; None where no run has it.

    Shape:
        each (K, 1).
    """

    l1: Tensor | None
    max_norm: Tensor | None
    clip_norm: Tensor | None

    @classmethod
    def of(cls, trainings: Sequence[TrainingConfig], like: Tensor) -> _Penalties:
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
