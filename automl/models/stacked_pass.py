"""Forward and backward passes of a stack of networks, written by hand into fixed buffers.

A pass is made once for a stack and a number of batch rows; making it allocates every buffer
and writes down every call with its views, so that a step only runs two lists of calls. Runs
lie deepest first: hidden layer l works on the first K_l runs, and where a run ends, the output
layer takes over its rows. Nothing is ever reduced or mixed over the run axis, so a run whose
numbers are infinite leaves the others alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor

from automl.models.stacked import StackBlocks, StackLayout
from automl.models.stacked_activations import (
    ACTIVATION_CALLS,
    Call,
    maxout_calls,
    prelu_calls,
)
from automl.models.stacked_normalization import (
    NormalizationBuffers,
    NormalizedRows,
    batch_norm,
    layer_norm,
)

ELEMENTS_PER_CALL: Final = 12_000
"""Elements that three more copies per element may cost to save one call of a few microseconds.
Measured: a copy takes about 0.15 ns an element, a call 2 us, and a segment has three."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """Neighbouring runs of a layer with the same normalization and activation."""

    normalization: str
    activation: str
    start: int
    stop: int


def _segments(layout: StackLayout, order: list[int]) -> list[_Segment]:
    """The segments of some runs, taken in an order."""
    kinds = [(layout.configs[k].normalization, layout.configs[k].activation) for k in order]
    lengths = [(kind, len(list(group))) for kind, group in itertools.groupby(kinds)]
    stops = list(itertools.accumulate(length for _, length in lengths))
    return [
        _Segment(*kind, stop - length, stop)
        for (kind, length), stop in zip(lengths, stops, strict=True)
    ]


class StackedPass:
    """One batch shape of a stack: its buffers and its calls.

    Attributes:
        inputs: (K, B, D), to be filled before `forward`: scaled columns, embeddings behind.
        codes: per embedded column (K, B) int64, likewise.
        masks: per place of dropout, inputs first, (K_l, B, H) or None; likewise.
        outputs: (K, C, B), filled by `forward`. Rows come last, since torch's softmax over a
            short last axis is slow.
        output_gradients: (K, C, B), to be filled before `backward`.
        hidden: per layer (K_l, B, H), its activations after dropout.
    """

    def __init__(
        self,
        values: StackBlocks,
        n_rows: int,
        gradients: StackBlocks | None = None,
        *,
        frozen_statistics: bool = False,
    ) -> None:
        """Make the buffers and calls.

        Args:
            gradients: where `backward` leaves the gradients; None makes a pass for
                evaluation, with running statistics and without `backward`.
            frozen_statistics: in training, leave the running statistics as they are.
        """
        self.layout = values.layout
        self._values, self._gradients = values, gradients
        self._frozen = frozen_statistics
        self._n_rows = n_rows
        n_runs = len(self.layout.configs)
        self.inputs = self._empty(n_runs, n_rows, self.layout.n_inputs)
        self.codes = [
            torch.zeros(n_runs, n_rows, dtype=torch.int64, device=values.flat.device)
            for _ in self.layout.cardinalities
        ]
        self.outputs = self._empty(n_runs, self.layout.n_outputs, n_rows)
        self.output_gradients = torch.zeros_like(self.outputs)
        self.masks: list[Tensor | None] = [None] * (self.layout.n_layers + 1)
        self.hidden: list[Tensor] = []
        self._scratch: dict[str, Tensor] = {}
        self._forward: list[Call] = []
        self._backward_inputs: list[Call] = []
        self._backward_layers: list[list[Call]] = []
        self._backward_outputs: list[list[Call]] = []  # per depth at which runs end
        self._write_calls()
        self._backward = self._ordered_backward()

    def forward(self) -> None:
        """Compute `outputs` from `inputs`, `codes` and `masks`."""
        for call in self._forward:
            call()

    def backward(self) -> None:
        """Compute all gradients from `output_gradients`, after `forward`."""
        for call in self._backward:
            call()

    def _write_calls(self) -> None:
        layout = self.layout
        self._signals = [
            self._empty(layout.n_runs(layer), self._n_rows, layout.widths[layer])
            for layer in range(layout.n_layers if self._gradients is not None else 0)
        ]
        self._write_inputs()
        self._write_output(0, self.inputs)
        inputs = self.inputs
        for layer in range(layout.n_layers):
            inputs = self._write_layer(layer, inputs[: layout.n_runs(layer)])
            self._write_output(layer + 1, inputs)

    def _ordered_backward(self) -> list[Call]:
        """From the outputs to the inputs: where runs end, their output layer comes first."""
        if self._gradients is None:
            return []
        bias = self._gradients.vector(-1, "bias")
        calls: list[Call] = [partial(torch.sum, self.output_gradients, 2, out=bias)]
        for layer in reversed(range(self.layout.n_layers)):
            calls += self._backward_outputs[layer + 1] + self._backward_layers[layer]
        calls += self._backward_outputs[0] + self._backward_inputs
        return calls + self._vector_calls(self._gradients)

    def _vector_calls(self, gradients: StackBlocks) -> list[Call]:
        """Clear the gradients of vectors that a run does not have.

        The bias before batch normalization has a gradient that is zero but for rounding, and
        an adaptive optimizer would take steps of full length along it.
        """
        if not any(config.normalization == "batch_norm" for config in self.layout.configs):
            return []
        present = StackBlocks(self.layout, device="cpu", dtype=torch.float64)
        for k in range(len(self.layout.configs)):
            for view in present.tensors_of(k).values():
                view.fill_(1.0)
        mask = present.vectors.to(gradients.flat)
        return [partial(gradients.vectors.mul_, mask)]

    def _write_inputs(self) -> None:
        """Embeddings beside the columns, then dropout on both."""
        n_runs, start = len(self.layout.configs), self.layout.n_features
        embedded = len(self.codes) > 0 and self._gradients is not None
        signal = self._empty(n_runs, self._n_rows, self.layout.n_inputs) if embedded else None
        self._input_signal = signal
        if signal is not None:
            self._backward_inputs.append(self._drop_input_signal)
        for column, (codes, table) in enumerate(
            zip(self.codes, self._values.embeddings, strict=True)
        ):
            size = table.shape[-1]
            rows = torch.empty_like(codes)
            first = torch.arange(n_runs, device=codes.device)[:, None] * table.shape[1]
            found = self._empty(n_runs * self._n_rows, size)
            target = self.inputs[:, :, start : start + size]
            self._forward += [
                partial(torch.add, codes, first, out=rows),
                partial(torch.index_select, table.flatten(0, 1), 0, rows.view(-1), out=found),
                partial(target.copy_, found.view(n_runs, self._n_rows, size)),
            ]
            if signal is not None and self._gradients is not None:
                gradient = self._gradients.embeddings[column]
                part = signal[:, :, start : start + size]
                self._backward_inputs += [
                    gradient.zero_,
                    partial(_add_rows, gradient.flatten(0, 1), rows.view(-1), part),
                ]
            start += size
        self._forward.append(self._drop_inputs)

    def _drop_inputs(self) -> None:
        if self.masks[0] is not None:
            self.inputs.mul_(self.masks[0])

    def _drop_input_signal(self) -> None:
        if self.masks[0] is not None and self._input_signal is not None:
            self._input_signal.mul_(self.masks[0])

    def _write_output(self, depth: int, inputs: Tensor) -> None:
        """The output layer of the runs that end at a depth."""
        rows = self.layout.ending_at(depth)
        self._backward_outputs.append([])
        if rows.start == rows.stop:
            return
        h, width = inputs[rows], inputs.shape[-1]
        weight = self._values.output[rows, :width]
        bias = self._values.vector(-1, "bias")[rows, :, None]
        outputs = self.outputs[rows]
        self._forward.append(partial(torch.baddbmm, bias, weight.mT, h.mT, out=outputs))
        if self._gradients is None:
            return
        signal = self.output_gradients[rows].mT  # (k, B, C)
        gradient = self._gradients.output[rows, :width]
        calls = _product(h.mT, signal, gradient)
        below = self._signal_into(depth)
        if below is not None:
            calls.append(partial(torch.bmm, signal, weight.mT, out=below[rows]))
        self._backward_outputs[depth] = calls

    def _signal_into(self, layer: int) -> Tensor | None:
        """Where the gradient of a layer's inputs goes, or None where nobody asks for it."""
        if layer > 0:
            return self._signals[layer - 1]
        return self._input_signal

    def _write_layer(self, layer: int, inputs: Tensor) -> Tensor:
        """One hidden layer; returns its activations."""
        n_runs, width = self.layout.n_runs(layer), self.layout.widths[layer]
        n_linear = width * self.layout.pieces
        natural = list(range(n_runs))
        order = sorted(natural, key=lambda k: _kind(self.layout, k))
        saved = len(_segments(self.layout, natural)) - len(_segments(self.layout, order))
        if saved * ELEMENTS_PER_CALL < n_runs * self._n_rows * width:
            order = natural
        places = None if order == natural else torch.tensor(order, device=inputs.device)
        segments = _segments(self.layout, order)

        z = self._shared("z", n_runs, self._n_rows, n_linear)
        bias = self._values.vector(layer, "bias")[:, None, :]
        self._forward.append(
            partial(torch.baddbmm, bias, inputs, self._values.hidden[layer], out=z)
        )
        training = self._gradients is not None
        h = (
            self._empty(n_runs, self._n_rows, width)
            if training
            else self._shared(f"h{layer % 2}", n_runs, self._n_rows, width)
        )
        d = self._empty(n_runs, self._n_rows, width) if training else None
        sorted_z, sorted_h, sorted_d = z, h, d
        if places is not None:
            sorted_z = self._shared("sorted z", *z.shape)
            sorted_h = self._shared("sorted h", *h.shape)
            sorted_d = None if d is None else self._shared("sorted d", *h.shape)
            self._forward.append(partial(torch.index_select, z, 0, places, out=sorted_z))
        backward = self._write_normalizations(layer, segments, order, sorted_z)
        slopes = self._write_activations(layer, segments, order, sorted_z, sorted_h, sorted_d)
        if places is not None:
            back = torch.argsort(places)
            self._forward.append(partial(torch.index_select, sorted_h, 0, back, out=h))
            if d is not None and sorted_d is not None:
                self._forward.append(partial(torch.index_select, sorted_d, 0, back, out=d))
        if training:
            self._forward.append(partial(self._drop, layer, h, d))
        self.hidden.append(h)
        if d is not None:
            self._backward_layers.append(self._backward_calls(layer, inputs, d, slopes, backward))
        return h

    def _drop(self, layer: int, h: Tensor, d: Tensor) -> None:
        mask = self.masks[layer + 1]
        if mask is not None:
            h.mul_(mask)
            if self.layout.pieces == 1:
                d.mul_(mask)

    def _write_normalizations(
        self, layer: int, segments: list[_Segment], order: list[int], z: Tensor
    ) -> list[tuple[Tensor, Tensor, NormalizedRows]]:
        """Normalize the segments that ask for it; returns what their backward passes need.

        A contiguous range per kind exists only if segments are sorted; else each is its own.
        """
        written = []
        for kind, group in itertools.groupby(segments, key=lambda part: part.normalization):
            if kind == "none":
                continue
            members = list(group)
            start, stop = members[0].start, members[-1].stop
            rows = torch.tensor(order[start:stop], device=z.device)
            calls = self._normalization(kind, layer, rows, z[start:stop])
            self._forward += calls.forward
            written.append((rows, z[start:stop], calls))
        return written

    def _normalization(self, kind: str, layer: int, rows: Tensor, z: Tensor) -> NormalizedRows:
        gradients = self._gradients
        buffers = NormalizationBuffers(
            z=z,
            rows=rows,
            gain=self._values.vector(layer, "gain"),
            shift=self._values.vector(layer, "shift"),
            gain_gradient=None if gradients is None else gradients.vector(layer, "gain"),
            shift_gradient=None if gradients is None else gradients.vector(layer, "shift"),
            scratch=self._shared("normalization", *z.shape),
        )
        if kind == "batch_norm":
            mean, variance = self._values.statistics[2 * layer : 2 * layer + 2]
            return batch_norm(buffers, mean[:, 0], variance[:, 0], self._frozen)
        pieces = self.layout.pieces
        sizes = [self.layout.configs[k].hidden_sizes[layer] * pieces for k in rows.tolist()]
        mask = self.layout.unit_mask(layer, z.dtype, z.device)
        n_units = torch.tensor(sizes, device=z.device, dtype=z.dtype)[:, None, None]
        return layer_norm(buffers, n_units, None if mask is None else mask[rows])

    def _write_activations(
        self,
        layer: int,
        segments: list[_Segment],
        order: list[int],
        z: Tensor,
        h: Tensor,
        d: Tensor | None,
    ) -> list[tuple[Tensor, Tensor]]:
        """Apply each segment's activation; returns rows and negative parts of prelu."""
        slopes = []
        for name, group in itertools.groupby(segments, key=lambda part: part.activation):
            members = list(group)
            start, stop = members[0].start, members[-1].stop
            part = slice(start, stop)
            rows = torch.tensor(order[part], device=z.device)
            own_d = None if d is None else d[part]
            if name == "maxout":
                pieces = z[part].unflatten(-1, (2, -1))
                self._forward += maxout_calls(pieces, h[part], own_d)
            elif name == "prelu":
                slope = self._values.vector(layer, "slope")
                copied = slope.new_empty(len(rows), 1)
                negative = self._empty(*h[part].shape)
                self._forward.append(partial(torch.index_select, slope, 0, rows, out=copied))
                self._forward += prelu_calls(z[part], h[part], own_d, copied[:, :, None], negative)
                slopes.append((rows, negative))
            else:
                self._forward += ACTIVATION_CALLS[name](z[part], h[part], own_d)
            if name == "sigmoid":  # sigmoid(0) is not 0
                mask = self.layout.unit_mask(layer, z.dtype, z.device)
                if mask is not None:
                    self._forward.append(partial(h[part].mul_, mask[rows]))
        return slopes

    def _backward_calls(
        self,
        layer: int,
        inputs: Tensor,
        d: Tensor,
        slopes: list[tuple[Tensor, Tensor]],
        normalized: list[tuple[Tensor, Tensor, NormalizedRows]],
    ) -> list[Call]:
        """From the gradient of a layer's activations to those of its parameters and inputs."""
        assert self._gradients is not None
        signal = self._signals[layer]
        calls: list[Call] = []
        for rows, negative in slopes:
            gradient = self._gradients.vector(layer, "slope")
            calls.append(partial(self._slope_gradient, layer, rows, negative, signal, gradient))
        if self.layout.pieces == 1:
            dz = signal
            calls.append(partial(signal.mul_, d))
        else:
            dz = self._shared("dz", *signal.shape[:2], 2 * signal.shape[2])
            calls.append(partial(self._split_maxout, layer, signal, d, dz))
        for rows, buffer, part in normalized:
            calls.append(partial(torch.index_select, dz, 0, rows, out=buffer))
            calls += part.backward
            calls.append(partial(dz.index_copy_, 0, rows, buffer))
        calls += _product(inputs.mT, dz, self._gradients.hidden[layer])
        calls.append(partial(torch.sum, dz, 1, out=self._gradients.vector(layer, "bias")))
        below = self._signal_into(layer)
        if below is not None:
            weight = self._values.hidden[layer]
            calls.append(partial(torch.bmm, dz, weight.mT, out=below[: len(dz)]))
        return calls

    def _slope_gradient(
        self, layer: int, rows: Tensor, negative: Tensor, signal: Tensor, gradient: Tensor
    ) -> None:
        """Prelu: the sum over rows and units of gradient x min(z, 0)."""
        products = signal[rows].mul_(negative)
        mask = self.masks[layer + 1]
        if mask is not None:
            products.mul_(mask[rows])
        gradient.index_copy_(0, rows, products.sum((1, 2))[:, None])

    def _split_maxout(self, layer: int, signal: Tensor, share: Tensor, dz: Tensor) -> None:
        """Send each unit's gradient to the piece that was larger."""
        mask = self.masks[layer + 1]
        if mask is not None:
            signal.mul_(mask)
        first, second = dz.unflatten(-1, (2, -1)).unbind(2)
        torch.mul(signal, share, out=first)
        torch.sub(signal, first, out=second)

    def _empty(self, *shape: int) -> Tensor:
        return self._values.flat.new_zeros(shape)

    def _shared(self, name: str, *shape: int) -> Tensor:
        """A buffer that layers use one after another, as large as the first one's."""
        size = torch.Size(shape).numel()
        if name not in self._scratch or self._scratch[name].numel() < size:
            self._scratch[name] = self._values.flat.new_zeros(size)
        return self._scratch[name][:size].view(shape)


def _kind(layout: StackLayout, k: int) -> tuple[str, str]:
    return layout.configs[k].normalization, layout.configs[k].activation


def _product(left: Tensor, right: Tensor, out: Tensor) -> list[Call]:
    """Multiply into a block; through a copy if it is not contiguous, which bmm takes badly.

    Measured with torch 2.13: 32 products of (32, 16) x (16, 32) took 41 us into a contiguous
    block and 139 us into rows of a wider one.
    """
    if out.is_contiguous():
        return [partial(torch.bmm, left, right, out=out)]
    product = torch.zeros_like(out, memory_format=torch.contiguous_format)
    return [partial(torch.bmm, left, right, out=product), partial(out.copy_, product)]


def _add_rows(table: Tensor, rows: Tensor, signal: Tensor) -> None:
    """Add the gradient of looked-up rows to the table's gradient."""
    table.index_add_(0, rows, signal.flatten(0, 1))
