"""How signals and gradients pass through the layers of all runs of a stack, on one batch.

The numbers of `gradients.measure_layers`, for the stack at once: at epochs 2, 4, 8, ...
this costs one step on 128 rows, where a run by itself would cost a hundred small ones.
"""

from __future__ import annotations

import torch
from torch import Tensor

from automl.stacked.losses import StackedObjective
from automl.stacked.rows import gather
from automl.stacked.stack import Stack
from automl.stacked.torch_pass import StackedPass
from automl.training.batches import probe_rows
from automl.training.gradients import SATURATED
from storage.records import LayerGradientRecord


@torch.no_grad()
def measure_stack(stack: Stack) -> list[tuple[LayerGradientRecord, ...]]:
    """Measure every layer of every run, after an epoch that was to be measured or before any.

    Gradients of the stack are overwritten; they are used up by then.
    """
    batch = _probe(stack)
    hidden = [_layer_numbers(stack, batch, layer) for layer in range(stack.layout.n_layers)]
    output = _numbers(stack.gradients.output, stack.values.output, _before(stack, -1))
    outputs = batch.outputs
    mean, deviation = outputs.mean((1, 2)), outputs.flatten(1).std(1, correction=0)
    none = torch.zeros_like(mean)
    of_output = torch.stack([*output, mean, deviation, none, none], dim=1).tolist()
    of_hidden = [torch.stack(numbers, dim=1).tolist() for numbers in hidden]
    return [
        tuple(
            LayerGradientRecord(layer, "output" if layer == depth else f"hidden {layer + 1}", *row)
            for layer, row in enumerate([of_hidden[layer][k] for layer in range(depth)] + [last])
        )
        for k, last in enumerate(of_output)
        for depth in (stack.layout.configs[k].n_layers,)
    ]


def _probe(stack: Stack) -> StackedPass:
    """Forward and backward on the probe rows: training mode, plain loss, no dropout."""
    tables, n_runs = stack.tables, len(stack.members)
    rows = probe_rows(stack.rows.n_rows).to(tables.device)[None]
    if stack.rows.own_rows is not None:
        rows = stack.rows.own_rows[:, rows[0]]
    index = (rows + stack.rows.train_starts).flatten()
    n_rows = len(index) // n_runs
    batch = stack.passes.probe(n_rows)
    gather(stack.rows.train.rows, index, batch.columns, batch.codes)
    batch.forward()
    targets = stack.rows.learned_targets(index).view(n_runs, n_rows)
    plain = StackedObjective(tables.dataset.loss, None, None)
    weights = stack.rows.weights(index.view(n_runs, n_rows))
    plain.gradient_(batch.outputs, targets, batch.output_gradients, weights)
    batch.backward()
    return batch


def _layer_numbers(stack: Stack, batch: StackedPass, layer: int) -> list[Tensor]:
    """The columns of a hidden layer's records, (K_l,) each."""
    before = _before(stack, layer)
    weights = _numbers(stack.gradients.hidden[layer], stack.values.hidden[layer], before)
    return [*weights, *batch.signals_of(layer, SATURATED).unbind(1)]


def _before(stack: Stack, layer: int) -> Tensor | None:
    """The weights of a layer, or at -1 of the output, before the last step, if there was one."""
    return stack.before_last_step[layer] if stack.before_last_step else None


def _numbers(gradient: Tensor, weight: Tensor, before: Tensor | None) -> list[Tensor]:
    """Gradient norm, weight norm, update over weight, (K_l,) each."""
    norm = torch.linalg.vector_norm(weight, dim=(1, 2))
    if before is None:
        unknown = torch.full_like(norm, torch.nan)
        return [torch.linalg.vector_norm(gradient, dim=(1, 2)), norm, unknown]
    change = torch.linalg.vector_norm(weight - before, dim=(1, 2))
    return [torch.linalg.vector_norm(gradient, dim=(1, 2)), norm, change / norm]
