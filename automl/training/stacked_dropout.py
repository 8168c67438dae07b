"""The dropout of a stack: each run's own masks, drawn for all runs and several steps at once.

Compiled layers hash their masks themselves and are told only the keys; the others, and the
inputs, get masks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.models.native_layer import MaskDraw
from automl.models.stacked import StackLayout
from automl.training import randomness
from automl.training.dropout import MASK_ELEMENTS
from automl.training.randomness import Decision

StepDropout = tuple[Tensor | None, list[Tensor | MaskDraw | None]]
"""A step's mask of the inputs, and what each hidden layer needs."""


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

    def draws(self, steps: Tensor, n_rows: int) -> list[MaskDraw]:
        """The same for kernels that hash themselves, step by step."""
        offsets = randomness.mask_offsets(n_rows, self.n_units, steps.device)
        threshold, scale = self.decision.threshold.flatten(), self.decision.scale.flatten()
        keys = randomness.keys_at(self.streams, steps).contiguous()
        return [MaskDraw(of_step, threshold, scale, *offsets) for of_step in keys]


class StackedDropout:
    """The masks of K runs. A mask belongs to (seed, layer, step, position, unit), as alone."""

    def __init__(
        self,
        layout: StackLayout,
        seeds: Sequence[int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        inputs = [config.input_dropout for config in layout.configs]
        self._inputs = _place(inputs, layout.n_inputs, 0, seeds, device, dtype)
        self._layers = [
            _place(
                [config.dropout for config in layout.configs[: layout.n_runs(layer)]],
                *(width, layer + 1, seeds, device, dtype),
            )
            for layer, width in enumerate(layout.widths)
        ]

    def steps(
        self, first_steps: Tensor, n_steps: int, n_rows: int, *, is_native: bool
    ) -> Iterator[StepDropout]:
        """Yield the dropout of each of the coming steps.

        Shape:
            first_steps: (K,), updates that each run has done.
        """
        n_runs = len(first_steps)
        hidden = [0] if is_native else [p.n_units for p in self._layers if p is not None]
        widest = max([*hidden, self._inputs.n_units if self._inputs else 0])
        n_together = n_steps if widest == 0 else MASK_ELEMENTS // (n_rows * n_runs * widest)
        for start in range(0, n_steps, max(1, n_together)):
            stop = min(start + max(1, n_together), n_steps)
            steps = torch.arange(start, stop, device=first_steps.device)[:, None] + first_steps
            of_inputs = None if self._inputs is None else self._inputs.masks(steps, n_rows)
            of_layers = [self._drawn(place, steps, n_rows, is_native) for place in self._layers]
            for step in range(stop - start):
                yield (
                    None if of_inputs is None else of_inputs[step],
                    [None if drawn is None else drawn[step] for drawn in of_layers],
                )

    def _drawn(
        self, place: _Place | None, steps: Tensor, n_rows: int, is_native: bool
    ) -> Tensor | list[MaskDraw] | None:
        if place is None:
            return None
        own = steps[:, : len(place.streams)]
        return place.draws(own, n_rows) if is_native else place.masks(own, n_rows)


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
