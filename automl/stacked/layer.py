"""One hidden layer of a stack: linear map, normalization, activation, dropout, skip; and back.

The calls of a layer are written down once, with their views of fixed buffers. A kind of
normalization works on a copy of its runs. Activations are applied one after another to the
runs that have them: where this saves calls, the runs are first copied into the order of their
activations, and back afterwards.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor

from automl.stacked.activations import ACTIVATION_CALLS, Call, maxout_calls, prelu_calls
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.mixing import MixedRows
from automl.stacked.normalization import (
    NormalizationPlace,
    NormalizedRows,
    batch_norm,
    layer_norm,
)

ELEMENTS_PER_SEGMENT: Final = 12_000
"""Elements that may be copied three times to save one segment of about three calls. Measured:
a copy takes 0.15 ns an element, a call 2 us."""


class Workspace:
    """Buffers for a moment, which layers use one after another."""

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._buffers: dict[str, Tensor] = {}

    def own(self, *shape: int) -> Tensor:
        """A buffer that nobody else uses."""
        return self._like.new_zeros(shape)

    def shared(self, name: str, *shape: int) -> Tensor:
        """The buffer of this name, cut to a shape."""
        size = torch.Size(shape).numel()
        if name not in self._buffers or self._buffers[name].numel() < size:
            self._buffers[name] = self._like.new_zeros(size)
        return self._buffers[name][:size].view(shape)


@dataclass(frozen=True, slots=True)
class _Segment:
    """Neighbouring runs with the same activation."""

    activation: str
    start: int
    stop: int


def _segments(activations: list[str]) -> list[_Segment]:
    lengths = [(name, len(list(group))) for name, group in itertools.groupby(activations)]
    stops = itertools.accumulate(length for _, length in lengths)
    return [
        _Segment(name, stop - length, stop)
        for (name, length), stop in zip(lengths, stops, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Prelu:
    """The runs of a layer with learned slopes, and their min(z, 0), kept for the way back."""

    rows: Tensor
    negative: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Skipped:
    """The runs of a layer that skip, in the units that inputs and outputs both have.

    The others are padding. `kept` is the gradient of their outputs, which the way back through
    the layer writes over.
    """

    rows: Tensor
    kept: Tensor

    def add_to(self, outputs: Tensor, inputs: Tensor) -> None:
        """Add the inputs to the outputs."""
        n_units = self.kept.shape[2]
        outputs[..., :n_units].index_add_(0, self.rows, inputs[self.rows, :, :n_units])

    def keep(self, signals: Tensor | None) -> None:
        """Copy the outputs' gradient."""
        assert signals is not None
        self.kept.copy_(signals[self.rows, :, : self.kept.shape[2]])

    def give_back(self, input_signals: Tensor) -> None:
        """Add it to the inputs' gradient."""
        input_signals[..., : self.kept.shape[2]].index_add_(0, self.rows, self.kept)


@dataclass(frozen=True, slots=True)
class LayerPlace:
    """Which hidden layer of a stack, and what passes over it share.

    Attributes:
        number: of the layer, from 0.
        gradients: where the way back leaves them; None in evaluation.
        frozen_statistics: in training, leave the running statistics as they are.
    """

    number: int
    values: StackBlocks
    gradients: StackBlocks | None
    workspace: Workspace
    frozen_statistics: bool = False

    @property
    def layout(self) -> StackLayout:
        """How the runs' parameters lie."""
        return self.values.layout


class StackedLayer:
    """The calls of one hidden layer on one batch shape.

    Attributes:
        outputs: activations after dropout, (K_l, B, H).
        signals: their gradient, filled by what lies above; replaced on the way. None in
            evaluation.
        mask: the dropout mask of the coming step, (K_l, B, H) or None.
        forward, backward: the calls; `backward` leaves the gradients of the layer's
            parameters, and of its inputs in `input_signals`.
    """

    def __init__(
        self, place: LayerPlace, inputs: Tensor, input_signals: Tensor | None = None
    ) -> None:
        """Make the buffers and write down the calls.

        Args:
            inputs: what the layer below gives.
            input_signals: gets the gradient of the inputs, if given.
        """
        self._place, workspace, layout = place, place.workspace, place.layout
        shape = (layout.n_runs(place.number), inputs.shape[1], layout.widths[place.number])
        self.mask: Tensor | None = None
        self.forward: list[Call] = []
        self.backward: list[Call] = []
        self._slopes: Tensor | None = None  # of the activation, times the mask
        self.signals: Tensor | None = None
        if place.gradients is None:  # of two neighbouring layers, one reads and one writes
            self.outputs = workspace.shared(f"outputs {place.number % 2}", *shape)
        else:
            self.outputs, self._slopes = workspace.own(*shape), workspace.own(*shape)
            self.signals = workspace.own(*shape)
        self._linear_outputs = workspace.shared("linear", *shape[:2], shape[2] * layout.pieces)
        self._linear_signals = self.signals
        if layout.pieces > 1 and place.gradients is not None:
            self._linear_signals = workspace.shared("linear signals", *self._linear_outputs.shape)
        normalized = self._normalizations()
        prelus, mixed = self._write_forward(inputs, normalized)
        skipped = self._skipped(inputs)
        if skipped is not None:
            self.forward.append(partial(skipped.add_to, self.outputs, inputs))
        if place.gradients is not None and self._linear_signals is not None:
            if skipped is not None:
                self.backward.append(partial(skipped.keep, self.signals))
            self.backward += [partial(self._slope_gradient, prelu) for prelu in prelus]
            if mixed is not None:
                self.backward.append(partial(self._mixing_gradient, mixed))
            self.backward.append(self._through_activation)
            self.backward += [call for part in normalized for call in part.backward]
            self._write_linear_backward(self._linear_signals, place.gradients, inputs)
            if input_signals is not None:
                self._write_input_signals(self._linear_signals, input_signals)
                if skipped is not None:
                    self.backward.append(partial(skipped.give_back, input_signals))

    def _write_forward(
        self, inputs: Tensor, normalized: list[NormalizedRows]
    ) -> tuple[list[_Prelu], MixedRows | None]:
        place, z = self._place, self._linear_outputs
        bias = place.values.vector(place.number, "bias")[:, None, :]
        weights = place.values.hidden[place.number]
        self.forward.append(partial(torch.baddbmm, bias, inputs, weights, out=z))
        self.forward += [call for part in normalized for call in part.forward]
        prelus = self._write_activations(z)
        mixed = self._mixed(z)
        if mixed is not None:
            self.forward += mixed.forward
        if place.gradients is not None:
            self.forward.append(self._drop)
        return prelus, mixed

    def _write_linear_backward(
        self, signals: Tensor, gradients: StackBlocks, inputs: Tensor
    ) -> None:
        """The gradients of weights and bias."""
        number = self._place.number
        self.backward += product(inputs.mT, signals, gradients.hidden[number])
        bias = gradients.vector(number, "bias")
        self.backward.append(partial(torch.sum, signals, 1, out=bias))

    def _write_input_signals(self, signals: Tensor, input_signals: Tensor) -> None:
        """The gradient of the inputs."""
        weights = self._place.values.hidden[self._place.number]
        into = input_signals[: len(signals)]
        self.backward.append(partial(torch.bmm, signals, weights.mT, out=into))

    def _drop(self) -> None:
        if self.mask is None:
            return
        self.outputs.mul_(self.mask)
        if self._slopes is not None and self._place.layout.pieces == 1:
            self._slopes.mul_(self.mask)

    def _through_activation(self) -> None:
        """From the gradient of the outputs to that of the (normalized) linear map."""
        assert self.signals is not None and self._slopes is not None
        if self._place.layout.pieces == 1:
            self.signals.mul_(self._slopes)
            return
        assert self._linear_signals is not None
        if self.mask is not None:
            self.signals.mul_(self.mask)
        first, second = self._linear_signals.chunk(2, dim=2)  # the larger piece gets it
        torch.mul(self.signals, self._slopes, out=first)
        torch.sub(self.signals, first, out=second)

    def _slope_gradient(self, prelu: _Prelu) -> None:
        """The sum over rows and units of gradient x min(z, 0)."""
        assert self.signals is not None and self._place.gradients is not None
        products = self.signals[prelu.rows].mul_(prelu.negative)
        if self.mask is not None:
            products.mul_(self.mask[prelu.rows])
        gradient = self._place.gradients.vector(self._place.number, "slope")
        gradient.index_copy_(0, prelu.rows, products.sum((1, 2))[:, None])

    def _skipped(self, inputs: Tensor) -> _Skipped | None:
        """The runs that add their inputs to their outputs in this layer."""
        place = self._place
        configs = place.layout.configs[: len(self.outputs)]
        rows = [k for k, config in enumerate(configs) if config.skips(place.number)]
        if not rows:
            return None
        n_units = min(inputs.shape[2], self.outputs.shape[2])
        kept = place.workspace.shared("skipped", len(rows), inputs.shape[1], n_units)
        return _Skipped(torch.tensor(rows, device=inputs.device), kept)

    def _mixed(self, z: Tensor) -> MixedRows | None:
        """What the runs whose units mix do with their activations."""
        configs = self._place.layout.configs[: len(z)]
        rows = [k for k, config in enumerate(configs) if config.mixes]
        if not rows:
            return None
        shares = self._place.values.vector(self._place.number, "mixing")
        index = torch.tensor(rows, device=z.device)
        return MixedRows.of(index, shares, z, self.outputs, self._slopes)

    def _mixing_gradient(self, mixed: MixedRows) -> None:
        assert self.signals is not None and self._place.gradients is not None
        gradient = self._place.gradients.vector(self._place.number, "mixing")
        mixed.gradient(self.signals, self.mask, gradient)

    def _normalizations(self) -> list[NormalizedRows]:
        """What each kind of normalization does with its runs."""
        configs = self._place.layout.configs[: len(self._linear_outputs)]
        places = {
            kind: [k for k, config in enumerate(configs) if config.normalization == kind]
            for kind in ("batch_norm", "layer_norm")
        }
        return [self._normalization(kind, rows) for kind, rows in places.items() if rows]

    def _normalization(self, kind: str, rows: list[int]) -> NormalizedRows:
        values, gradients, layer = self._place.values, self._place.gradients, self._place.number
        z = self._linear_outputs
        shape = (len(rows), *z.shape[1:])
        index = torch.tensor(rows, device=z.device)
        place = NormalizationPlace(
            values=z,
            signals=self._linear_signals,
            rows=index,
            vectors=values.gain_and_shift(layer),
            gradients=None if gradients is None else gradients.gain_and_shift(layer),
            z=self._place.workspace.shared("normalized", *shape),
            scratch=self._place.workspace.shared("squared", *shape),
        )
        if kind == "batch_norm":
            statistics, training = values.statistics[layer], gradients is not None
            return batch_norm(
                place, statistics, training=training, frozen=self._place.frozen_statistics
            )
        sizes = [self._place.layout.configs[k].hidden_sizes[layer] for k in rows]
        n_units = z.new_tensor(sizes)[:, None, None] * self._place.layout.pieces
        mask = self._place.layout.unit_mask(layer, z.dtype, z.device)
        return layer_norm(place, n_units, None if mask is None else mask[index])

    def _write_activations(self, z: Tensor) -> list[_Prelu]:
        """Apply the activations, in their order if that saves enough segments."""
        names = [config.activation for config in self._place.layout.configs[: len(z)]]
        order = sorted(range(len(z)), key=names.__getitem__)
        n_saved = len(_segments(names)) - len(set(names))
        if n_saved * ELEMENTS_PER_SEGMENT < z.numel():
            order = list(range(len(z)))
            return self._write_segments(order, z, self.outputs, self._slopes)
        places = torch.tensor(order, device=z.device)
        back = torch.argsort(places)
        sorted_z = self._place.workspace.shared("sorted z", *z.shape)
        outputs = self._place.workspace.shared("sorted outputs", *self.outputs.shape)
        self.forward.append(partial(torch.index_select, z, 0, places, out=sorted_z))
        slopes = None
        if self._slopes is not None:
            slopes = self._place.workspace.shared("sorted slopes", *self.outputs.shape)
        prelus = self._write_segments(order, sorted_z, outputs, slopes)
        self.forward.append(partial(torch.index_select, outputs, 0, back, out=self.outputs))
        if slopes is not None:
            self.forward.append(partial(torch.index_select, slopes, 0, back, out=self._slopes))
        return prelus

    def _write_segments(
        self, order: list[int], z: Tensor, outputs: Tensor, slopes: Tensor | None
    ) -> list[_Prelu]:
        prelus = []
        unit_mask = self._place.layout.unit_mask(self._place.number, z.dtype, z.device)
        for segment in _segments([self._place.layout.configs[k].activation for k in order]):
            name, part = segment.activation, slice(segment.start, segment.stop)
            rows = torch.tensor(order[part], device=z.device)
            own_slopes = None if slopes is None else slopes[part]
            if name == "maxout":
                pieces = z[part].unflatten(2, (2, -1))
                self.forward += maxout_calls(pieces, outputs[part], own_slopes)
            elif name == "prelu":
                prelus.append(self._write_prelu(rows, z[part], outputs[part], own_slopes))
            else:
                self.forward += ACTIVATION_CALLS[name](z[part], outputs[part], own_slopes)
            if name == "sigmoid" and unit_mask is not None:  # sigmoid(0) is not 0
                self.forward.append(partial(outputs[part].mul_, unit_mask[rows]))
        return prelus

    def _write_prelu(
        self, rows: Tensor, z: Tensor, outputs: Tensor, slopes: Tensor | None
    ) -> _Prelu:
        learned = self._place.values.vector(self._place.number, "slope")
        copied = learned.new_zeros(len(rows), 1)
        negative = self._place.workspace.own(*outputs.shape)
        self.forward.append(partial(torch.index_select, learned, 0, rows, out=copied))
        self.forward += prelu_calls(z, outputs, slopes, copied[:, :, None], negative)
        return _Prelu(rows, negative)


def product(left: Tensor, right: Tensor, out: Tensor) -> list[Call]:
    """Multiply into a block; through a copy if it is not contiguous, which bmm takes badly.

    Measured with torch 2.13: 32 products of (32, 16) x (16, 32) took 41 us into a contiguous
    block and 139 us into rows of a wider one.
    """
    if out.is_contiguous():
        return [partial(torch.bmm, left, right, out=out)]
    made = torch.zeros_like(out, memory_format=torch.contiguous_format)
    return [partial(torch.bmm, left, right, out=made), partial(out.copy_, made)]
