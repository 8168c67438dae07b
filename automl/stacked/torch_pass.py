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

from automl.models.mlp.config import MLPConfig
from automl.stacked.activations import Call
from automl.stacked.blocks import StackBlocks
from automl.stacked.input_stage import StackedInputs
from automl.stacked.layer import LayerPlace, StackedLayer, Workspace
from automl.stacked.member_rows import heads_backward, heads_forward


class StackedPass:
    """One batch shape of a stack: its buffers and its calls.

    Attributes:
        inputs: (K, B, n_inputs) of the first layer: encoded columns, embeddings behind.
        codes: per embedded column (K, B) int64, likewise.
        outputs: (K, C, k x B) of k members, filled by `forward`. Rows come last, since torch's
            softmax over a short last axis is slow.
        output_gradients: (K, C, k x B), to be filled before `backward`.
        layers: the hidden layers.
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
        layout, workspace = values.layout, Workspace(values.flat)
        n_runs = len(layout.configs)
        self._values, self._gradients = values, gradients
        self.inputs = workspace.own(n_runs, n_rows, layout.n_inputs)
        self.outputs = workspace.own(n_runs, layout.n_outputs, layout.inputs.n_members * n_rows)
        self.output_gradients = torch.zeros_like(self.outputs)
        self.layers: list[StackedLayer] = []
        self._input_mask: Tensor | None = None
        self._stage = StackedInputs(values, self.inputs, gradients)
        outputs = self._stage.rows
        self._forward: list[Call] = [*self._stage.forward, partial(self._drop, outputs)]
        self._write_outputs(0, outputs)
        for layer in range(layout.n_layers):
            place = LayerPlace(layer, values, gradients, workspace, frozen_statistics)
            made = StackedLayer(place, outputs[: layout.n_runs(layer)], self._signals_at(layer))
            self.layers.append(made)
            self._forward += made.forward
            outputs = made.outputs
            self._write_outputs(layer + 1, outputs)
        self._backward = self._backward_calls()

    @property
    def columns(self) -> Tensor:
        """(K, B, >= D), whose first D are to be filled before `forward` with scaled columns."""
        return self._stage.columns

    @property
    def codes(self) -> list[Tensor]:
        """Per embedded column (K, B) int64, to be filled before `forward`."""
        return self._stage.codes

    def set_dropout(self, masks: Sequence[Tensor | None]) -> None:
        """Take up the masks of the coming step.

        Shape:
            masks: of the inputs (K, B, D), then of each hidden layer (K_l, B, H); None where
            nothing is dropped.
        """
        self._input_mask = masks[0]
        for layer, mask in zip(self.layers, masks[1:], strict=True):
            layer.mask = mask

    def set_mixture(self, own_share: Tensor | None) -> None:
        """Take up what stays of each run's rows in the coming step, (K, 1, 1); None: all."""
        self._stage.own_share = own_share

    def forward(self) -> None:
        """Compute `outputs` from `columns`, `codes` and the masks."""
        for call in self._forward:
            call()

    def backward(self) -> None:
        """Compute all gradients from `output_gradients`, after `forward`."""
        for call in self._backward:
            call()

    def signals_of(self, layer: int, saturated_above: float) -> Tensor:
        """Measure a hidden layer after `forward`, in training.

        Args:
            saturated_above: where a sigmoid or tanh counts as saturated, on tanh's scale.

        Shape:
            result: (K_l, 4): mean and standard deviation of the outputs, share of them that is
            saturated, share of relu units that are zero on the whole batch.
        """
        configs = self._values.layout.configs[: self._values.layout.n_runs(layer)]
        h = self.layers[layer].outputs
        sizes = h.new_tensor([config.hidden_sizes[layer] for config in configs])
        real = torch.arange(h.shape[-1], device=h.device) < sizes[:, None]
        share = 1 / (sizes * h.shape[1])
        mean = h.sum((1, 2)) * share
        centred = (h - mean[:, None, None]).mul_(real[:, None, :])
        deviation = (centred.square().sum((1, 2)) * share).sqrt()
        saturated, dead = torch.zeros_like(mean), torch.zeros_like(mean)
        for name in ("sigmoid", "tanh"):
            rows = _rows_with(name, layer, configs, h)
            on_tanh_scale = 2 * h[rows] - 1 if name == "sigmoid" else h[rows]
            flat = (on_tanh_scale.abs_() > saturated_above).sum(1)
            saturated[rows] = (flat * real[rows]).sum(1) * share[rows]
        rows = _rows_with("relu", layer, configs, h)
        dead[rows] = ((h[rows].amax(1) == 0) & real[rows]).sum(1) / sizes[rows]
        return torch.stack([mean, deviation, saturated, dead], dim=1)

    def _signals_at(self, depth: int) -> Tensor | None:
        """Where the gradient of the values at a depth goes; None where nobody asks for it."""
        return self._stage.signals if depth == 0 else self.layers[depth - 1].signals

    def _drop(self, values: Tensor) -> None:
        if self._input_mask is not None:
            values.mul_(self._input_mask)

    def _write_outputs(self, depth: int, inputs: Tensor) -> None:
        """The output layer of the runs that end at a depth."""
        rows = self._values.layout.ending_at(depth)
        if rows.start == rows.stop:
            return
        weights = self._values.output[rows, : inputs.shape[2]]
        bias = self._values.vector(-1, "bias")[rows]
        n_members = self._values.layout.inputs.n_members
        self._forward += heads_forward(n_members, inputs[rows], weights, bias, self.outputs[rows])

    def _output_backward(self, depth: int, inputs: Tensor) -> list[Call]:
        layout = self._values.layout
        rows = layout.ending_at(depth)
        if rows.start == rows.stop or self._gradients is None:
            return []
        weights = self._values.output[rows, : inputs.shape[2]]
        gradients = self._gradients.output[rows, : inputs.shape[2]]
        below = self._signals_at(depth)
        return heads_backward(
            layout.inputs.n_members,
            self.output_gradients[rows].mT,
            inputs[rows],
            (weights, gradients),
            None if below is None else below[rows],
        )

    def _backward_calls(self) -> list[Call]:
        """From the outputs to the inputs: where runs end, their output layer comes first."""
        if self._gradients is None:
            return []
        n_members = self._values.layout.inputs.n_members
        bias = self._gradients.vector(-1, "bias").unflatten(1, (n_members, -1))
        of_members = self.output_gradients.unflatten(2, (n_members, -1))
        calls: list[Call] = [partial(torch.sum, of_members, 3, out=bias.mT)]
        for layer in reversed(range(len(self.layers))):
            calls += self._output_backward(layer + 1, self.layers[layer].outputs)
            calls += self.layers[layer].backward
        calls += self._output_backward(0, self._stage.rows)
        if self._stage.signals is not None:
            calls += [partial(self._drop, self._stage.signals), *self._stage.backward]
        return calls + self._clearing_calls(self._gradients)

    def _clearing_calls(self, gradients: StackBlocks) -> list[Call]:
        """Clear the gradients of vectors that a run does not have.

        The bias before batch normalization has a gradient that is zero but for rounding, and
        an adaptive optimizer would take steps of full length along it.
        """
        layout = self._values.layout
        if all(config.normalization != "batch_norm" for config in layout.configs):
            return []
        present = StackBlocks(layout, device="cpu", dtype=torch.float64)
        for k in range(len(layout.configs)):
            for view in present.tensors_of(k).values():
                view.fill_(1.0)
        return [partial(gradients.vectors.mul_, present.vectors.to(gradients.flat))]


def _rows_with(activation: str, layer: int, configs: Sequence[MLPConfig], like: Tensor) -> Tensor:
    """The runs whose outputs of a layer are judged by an activation, as places."""
    rows = [k for k, config in enumerate(configs) if config.signal_kind(layer) == activation]
    return torch.tensor(rows, dtype=torch.int64, device=like.device)
