"""The dropout masks of a stack: each run's own, drawn for all runs and several steps at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.models.stacked import StackLayout
from automl.training import randomness
from automl.training.dropout import MASK_ELEMENTS
from automl.training.randomness import Decision


@dataclass(frozen=True, slots=True)
class _Place:
    """A place where dropout acts, and the runs that drop something there."""

    n_runs: int  # of the stack that have this layer
    n_units: int
    dropping: Tensor | None  # their places; None: all
    streams: Tensor
    decision: Decision

    def drawn(self, steps: Tensor, n_rows: int) -> Tensor:
        """The masks of some steps, (S, K_l, B, n_units); `steps`: (K, S)."""
        own = steps[: self.n_runs] if self.dropping is None else steps[self.dropping]
        keys = randomness.keys_at(self.streams, own.T)
        masks = randomness.mask_of(keys, self.decision, n_rows, self.n_units)
        if self.dropping is None:
            return masks
        every = masks.new_ones(len(masks), self.n_runs, *masks.shape[2:])
        return every.index_copy_(1, self.dropping, masks)


class StackedDropout:
    """The masks of K runs. A mask belongs to (seed, layer, step, position, unit), as alone."""

    def __init__(
        self,
        layout: StackLayout,
        seeds: Sequence[int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._places = [
            _place(
                [config.input_dropout for config in layout.configs],
                0,
                layout.n_inputs,
                seeds,
                device,
                dtype,
            )
        ] + [
            _place(
                [config.dropout for config in layout.configs[: layout.n_runs(layer)]],
                layer + 1,
                width,
                seeds,
                device,
                dtype,
            )
            for layer, width in enumerate(layout.widths)
        ]

    def masks(
        self, first_steps: Tensor, n_steps: int, n_rows: int
    ) -> Iterator[list[Tensor | None]]:
        """Yield the masks of each of the coming steps, one per place.

        Shape:
            first_steps: (K, 1), updates that each run has done; each mask: (K_l, B, H).
        """
        largest = max(
            (place.n_runs * place.n_units for place in self._places if place is not None),
            default=1,
        )
        n_together = max(1, MASK_ELEMENTS // (n_rows * largest))
        for start in range(0, n_steps, n_together):
            stop = min(start + n_together, n_steps)
            steps = first_steps + torch.arange(start, stop, device=first_steps.device)
            drawn = [
                None if place is None else place.drawn(steps, n_rows) for place in self._places
            ]
            for step in range(stop - start):
                yield [None if masks is None else masks[step] for masks in drawn]


def _place(
    rates: Sequence[float],
    layer: int,
    n_units: int,
    seeds: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
) -> _Place | None:
    dropping = [k for k, rate in enumerate(rates) if rate > 0]
    if not dropping:
        return None
    probabilities = torch.tensor([rates[k] for k in dropping], dtype=torch.float64)
    return _Place(
        n_runs=len(rates),
        n_units=n_units,
        dropping=None if len(dropping) == len(rates) else torch.tensor(dropping, device=device),
        streams=randomness.streams([seeds[k] for k in dropping], "dropout", layer, device),
        decision=randomness.decision_of(probabilities, dtype, device),
    )
