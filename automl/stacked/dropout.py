"""The dropout of a stack: each run's own masks, for all runs and several steps at once.

A mask belongs to (seed, layer, step, position in the batch, unit), as alone. The compiled kernels
hash the same masks where they use them (`kernels/dropout.h`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from automl import randomness
from automl.models.mlp.dropout import MASK_ELEMENTS
from automl.randomness import Decision
from automl.stacked.blocks import StackLayout


@dataclass(frozen=True, slots=True)
class _Place:
    """A place where dropout acts: the inputs, or a hidden layer; and the runs that have it."""

    n_units: int
    dropping: Tensor | None  # the runs that drop something there; None: all
    streams: Tensor
    decision: Decision

    def masks(self, steps: Tensor, n_rows: int) -> Tensor:
        """The masks of some steps, (S, K_l, B, n_units); `steps`: (S, K_l)."""
        if self.dropping is None:
            keys = randomness.keys_at(self.streams, steps)
            return randomness.mask_of(keys, self.decision, n_rows, self.n_units)
        keys = randomness.keys_at(self.streams[self.dropping], steps[:, self.dropping])
        own = Decision(self.decision.threshold[self.dropping], self.decision.scale[self.dropping])
        masks = randomness.mask_of(keys, own, n_rows, self.n_units)
        every = masks.new_ones(len(masks), steps.shape[1], *masks.shape[2:])
        return every.index_copy_(1, self.dropping, masks)


class StackedDropout:
    """The dropout of K runs, at the inputs and at each hidden layer."""

    def __init__(
        self,
        layout: StackLayout,
        seeds: Sequence[int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._rates = [[config.input_dropout for config in layout.configs]]
        self._rates += [
            [config.dropout for config in layout.configs[: layout.n_runs(layer)]]
            for layer in range(layout.n_layers)
        ]
        self._sizes = (layout.n_inputs, *layout.widths)
        self._seeds, self._device, self._dtype = tuple(seeds), device, dtype
        self._factors: list[float] = []
        self._places: list[_Place | None] = []
        self.begin_epoch([1.0] * len(seeds))

    def begin_epoch(self, factors: Sequence[float]) -> None:
        """Multiply each run's probabilities by a factor from now on."""
        if list(factors) == self._factors:
            return
        self._factors = list(factors)
        self._places = [
            _place(
                [rate * factor for rate, factor in zip(rates, factors, strict=False)],
                size,
                layer,
                self._seeds,
                self._device,
                self._dtype,
            )
            for layer, (rates, size) in enumerate(zip(self._rates, self._sizes, strict=True))
        ]

    def masks(
        self, first_steps: Tensor, n_steps: int, n_rows: int
    ) -> Iterator[list[Tensor | None]]:
        """Yield the masks of each of the coming steps: of the inputs, then of hidden layers.

        Shape:
            first_steps: (K,), updates that each run has done; each mask (K_l, B, n), or None
            where nothing is dropped.
        """
        widest = max([place.n_units for place in self._places if place is not None], default=0)
        n_together = (
            n_steps if widest == 0 else MASK_ELEMENTS // (n_rows * len(first_steps) * widest)
        )
        for start in range(0, n_steps, max(1, n_together)):
            stop = min(start + max(1, n_together), n_steps)
            steps = torch.arange(start, stop, device=first_steps.device)[:, None] + first_steps
            drawn = [
                None if place is None else place.masks(steps[:, : len(place.streams)], n_rows)
                for place in self._places
            ]
            for step in range(stop - start):
                yield [None if masks is None else masks[step] for masks in drawn]


def _place(
    rates: Sequence[float],
    n_units: int,
    layer: int,
    seeds: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
) -> _Place | None:
    """A place where some of the runs drop; None where none does."""
    dropping = [k for k, rate in enumerate(rates) if rate > 0]
    if not dropping:
        return None
    all_drop = len(dropping) == len(rates)
    return _Place(
        n_units=n_units,
        dropping=None if all_drop else torch.tensor(dropping, device=device),
        streams=randomness.streams(seeds[: len(rates)], "dropout", layer, device),
        decision=randomness.decision_of(torch.tensor(rates, dtype=torch.float64), dtype, device),
    )
