"""Forward and backward passes of a stack of networks, written by hand into fixed buffers.

A pass is made once for a stack and a number of batch rows; making it allocates every buffer
and writes down every call with its views, so that a step only runs two lists of calls. Runs
lie deepest first: hidden layer l works on the first K_l runs, and where a run ends, the output
layer takes over its rows. Nothing is ever reduced or mixed over the run axis, so a run whose
numbers are infinite leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from automl.models import native
from automl.models.native_layer import MaskDraw, NativeLayer
from automl.models.stacked import StackBlocks
from automl.models.stacked_activations import Call
from automl.models.stacked_layer import StackedLayer, Workspace, product


class StackedPass:
    """One batch shape of a stack: its buffers and its calls.

    Attributes:
        inputs: (K, B, D), to be filled before `forward`: scaled columns, embeddings behind.
        codes: per embedded column (K, B) int64, likewise.
        outputs: (K, C, B), filled by `forward`. Rows come last, since torch's softmax over a
            short last axis is slow.
        output_gradients: (K, C, B), to be filled before `backward`.
        layers: the hidden layers.
    """

    def __init__(
        self,
        values: StackBlocks,
        n_rows: int,
        gradients: StackBlocks | None = None,
        *,
        frozen_statistics: bool = False,
        is_native: bool | None = None,
    ) -> None:
        """Make the buffers and calls.

        Args:
            gradients: where `backward` leaves the gradients; None makes a pass for
                evaluation, with running statistics and without `backward`.
            frozen_statistics: in training, leave the running statistics as they are.
            is_native: use the compiled kernels; None: where they are usable.
        """
        layout, workspace = values.layout, Workspace(values.flat)
        if is_native is None:
            is_native = native.is_usable(values.flat)
        self.is_native = is_native and max(layout.widths, default=0) <= native.WIDEST_LAYER
        layer_class = NativeLayer if self.is_native else StackedLayer
        n_runs = len(layout.configs)
        self._values, self._gradients, self._workspace = values, gradients, workspace
        self.inputs = workspace.own(n_runs, n_rows, layout.n_inputs)
        self.codes = [
            torch.zeros(n_runs, n_rows, dtype=torch.int64, device=self.inputs.device)
            for _ in layout.cardinalities
        ]
        self.outputs = workspace.own(n_runs, layout.n_outputs, n_rows)
        self.output_gradients = torch.zeros_like(self.outputs)
        self.layers: list[StackedLayer | NativeLayer] = []
        self._input_mask: Tensor | None = None
        self._input_signals: Tensor | None = None
        if self.codes and gradients is not None:  # only embeddings ask for it
            self._input_signals = torch.zeros_like(self.inputs)
        self._forward = self._embedding_calls()
        self._forward.append(partial(self._drop, self.inputs))
        self._write_outputs(0, self.inputs)
        outputs = self.inputs
        for layer in range(layout.n_layers):
            made = layer_class(
                layer,
                outputs[: layout.n_runs(layer)],
                values,
                gradients,
                workspace,
                frozen_statistics=frozen_statistics,
            )
            made.write_backward(self._signals_at(layer))
            self.layers.append(made)
            self._forward += made.forward
            outputs = made.outputs
            self._write_outputs(layer + 1, outputs)
        self._backward = self._backward_calls()

    def set_dropout(
        self, input_mask: Tensor | None, of_layers: Sequence[Tensor | MaskDraw | None]
    ) -> None:
        """Take up the dropout of the coming step.

        Shape:
            input_mask: (K, B, D); of_layers: masks (K_l, B, H), or if native, what they are
            functions of; None where nothing is dropped.
        """
        self._input_mask = input_mask
        for layer, given in zip(self.layers, of_layers, strict=True):
            if isinstance(layer, NativeLayer):
                assert not isinstance(given, Tensor)
                layer.set_draw(given)
            else:
                assert not isinstance(given, MaskDraw)
                layer.mask = given

    def forward(self) -> None:
        """Compute `outputs` from `inputs`, `codes` and the masks."""
        for call in self._forward:
            call()

    def backward(self) -> None:
        """Compute all gradients from `output_gradients`, after `forward`."""
        for call in self._backward:
            call()

    def _signals_at(self, depth: int) -> Tensor | None:
        """Where the gradient of the values at a depth goes; None where nobody asks for it."""
        return self._input_signals if depth == 0 else self.layers[depth - 1].signals

    def _drop(self, values: Tensor) -> None:
        if self._input_mask is not None:
            values.mul_(self._input_mask)

    def _embedding_calls(self) -> list[Call]:
        """Look up the embeddings and put them behind the columns."""
        n_runs, n_rows, _ = self.inputs.shape
        calls: list[Call] = []
        start = self._values.layout.n_features
        self._looked_up: list[Tensor] = []  # the rows of each table, all runs behind one another
        for codes, table in zip(self.codes, self._values.embeddings, strict=True):
            size = table.shape[2]
            rows = torch.zeros_like(codes)
            first = torch.arange(n_runs, device=codes.device)[:, None] * table.shape[1]
            found = self._workspace.own(n_runs, n_rows, size)
            table, flat = table.flatten(0, 1), found.view(-1, size)
            calls += [
                partial(torch.add, codes, first, out=rows),
                partial(torch.index_select, table, 0, rows.view(-1), out=flat),
                partial(self.inputs[:, :, start : start + size].copy_, found),
            ]
            self._looked_up.append(rows.view(-1))
            start += size
        return calls

    def _write_outputs(self, depth: int, inputs: Tensor) -> None:
        """The output layer of the runs that end at a depth."""
        rows = self._values.layout.ending_at(depth)
        if rows.start == rows.stop:
            return
        weights = self._values.output[rows, : inputs.shape[2]]
        bias = self._values.vector(-1, "bias")[rows, :, None]
        h, outputs = inputs[rows].mT, self.outputs[rows]
        self._forward.append(partial(torch.baddbmm, bias, weights.mT, h, out=outputs))

    def _output_backward(self, depth: int, inputs: Tensor) -> list[Call]:
        layout = self._values.layout
        rows = layout.ending_at(depth)
        if rows.start == rows.stop or self._gradients is None:
            return []
        weights = self._values.output[rows, : inputs.shape[2]]
        signals = self.output_gradients[rows].mT  # (k, B, C)
        gradients = self._gradients.output[rows, : inputs.shape[2]]
        calls = product(inputs[rows].mT, signals, gradients)
        below = self._signals_at(depth)
        if below is not None:
            calls.append(partial(torch.bmm, signals, weights.mT, out=below[rows]))
        return calls

    def _backward_calls(self) -> list[Call]:
        """From the outputs to the inputs: where runs end, their output layer comes first."""
        if self._gradients is None:
            return []
        bias = self._gradients.vector(-1, "bias")
        calls: list[Call] = [partial(torch.sum, self.output_gradients, 2, out=bias)]
        for layer in reversed(range(len(self.layers))):
            calls += self._output_backward(layer + 1, self.layers[layer].outputs)
            calls += self.layers[layer].backward
        calls += self._output_backward(0, self.inputs)
        calls += self._embedding_backward(self._gradients)
        return calls + self._clearing_calls(self._gradients)

    def _embedding_backward(self, gradients: StackBlocks) -> list[Call]:
        if self._input_signals is None:
            return []
        calls: list[Call] = [partial(self._drop, self._input_signals)]
        start = self._values.layout.n_features
        for rows, table in zip(self._looked_up, gradients.embeddings, strict=True):
            part = self._input_signals[:, :, start : start + table.shape[2]]
            calls += [table.zero_, partial(_add_rows, table.flatten(0, 1), rows, part)]
            start += table.shape[2]
        return calls

    def _clearing_calls(self, gradients: StackBlocks) -> list[Call]:
        """Clear the gradients of vectors that a run does not have.

        The bias before batch normalization has a gradient that is zero but for rounding, and
        an adaptive optimizer would take steps of full length along it.
        """
        layout = self._values.layout
        if self.is_native or all(c.normalization != "batch_norm" for c in layout.configs):
            return []  # the kernels do so themselves
        present = StackBlocks(layout, device="cpu", dtype=torch.float64)
        for k in range(len(layout.configs)):
            for view in present.tensors_of(k).values():
                view.fill_(1.0)
        return [partial(gradients.vectors.mul_, present.vectors.to(gradients.flat))]


def _add_rows(table: Tensor, rows: Tensor, signals: Tensor) -> None:
    """Add the gradient of looked-up rows to the table's."""
    table.index_add_(0, rows, signals.flatten(0, 1))
