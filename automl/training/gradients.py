"""How signals and gradients pass through the layers, measured on one batch.

At initialization, before any training, and at epochs 1, 2, 4, 8, ... of a run. What the
numbers mean is judged in `automl/diagnostics`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import MLP, mlp_for
from automl.training.batches import probe_rows, rows_of
from automl.training.config import RunConfig
from automl.training.losses import row_losses
from automl.training.rows import Rows
from storage.records import LayerGradientRecord

SATURATED: Final = 0.99
"""A sigmoid or tanh unit is saturated where |tanh| > 0.99, on tanh's scale: its slope is then
below 2 % of its largest, as at the flat ends that Glorot & Bengio 2010 (section 3) look at."""


def is_measured(epoch: int) -> bool:
    """Whether layers are measured after this epoch: at powers of two, so cheaply."""
    return epoch > 0 and epoch & (epoch - 1) == 0


def inspect_initialization(run: RunConfig, dataset: Dataset) -> tuple[LayerGradientRecord, ...]:
    """The layers of a run's network before its first step, nearest the input first."""
    split = dataset.folds[run.fold].train
    device = split.targets.device
    model = mlp_for(run.model, dataset, run.fold, device=device)
    initialize_(model, randomness.stream(run.seed, "weights"))
    own = rows_of(run.rows, len(split))
    rows = probe_rows(len(split)) if own is None else own[probe_rows(len(own))]
    batch = Rows.of(split, run.model.scaling, device, torch.float32)[rows.to(device)]
    return _measured(model, dataset.loss, batch.inputs, batch.categories, batch.targets, None)


def measure_layers(
    model: MLP,
    loss: str,
    inputs: Tensor,
    categories: Tensor,
    targets: Tensor,
    updates: Sequence[Tensor] | None = None,
) -> tuple[LayerGradientRecord, ...]:
    """Measure every layer on one batch, in training mode but without dropout; nothing changes.

    Shape:
        inputs: (B, D); categories: (B, E); targets: (B,); updates: the last change of each
        linear map's weights, as they are shaped, or None before the first step.
    """
    own = copy.deepcopy(model)  # batch normalization moves its running statistics
    return _measured(own, loss, inputs, categories, targets, updates)


def _measured(
    model: MLP,
    loss: str,
    inputs: Tensor,
    categories: Tensor,
    targets: Tensor,
    updates: Sequence[Tensor] | None,
) -> tuple[LayerGradientRecord, ...]:
    """The same, of a model that may change."""
    model.train()
    values = model.encode(inputs, categories)
    activations = []
    for layer in model.layers:
        values = layer(values)
        activations.append(values)
    activations.append(model.output(values))
    weights = [linear.weight for linear in model.linears]
    mean_loss = row_losses(loss, activations[-1], targets).mean()
    gradients = torch.autograd.grad(mean_loss, weights)

    with torch.no_grad():
        columns = [_norms(gradients), _norms(weights), _ratios(updates, weights)]
        columns += [torch.stack([a.mean() for a in activations])]
        columns += [torch.stack([a.std(correction=0) for a in activations])]
        columns += [_saturated(model, activations), _dead(model, activations)]
        numbers = torch.stack([column.double() for column in columns], dim=1).tolist()
    names = model.layer_names
    return tuple(
        LayerGradientRecord(layer, name, *row)
        for layer, (name, row) in enumerate(zip(names, numbers, strict=True))
    )


def _norms(tensors: Sequence[Tensor]) -> Tensor:
    """Euclidean norms, (n_layers + 1,)."""
    return torch.stack([torch.linalg.vector_norm(tensor) for tensor in tensors])


def _ratios(updates: Sequence[Tensor] | None, weights: Sequence[Tensor]) -> Tensor:
    """Update over weight; a weight of norm zero (initialization "zeros") gives infinity."""
    norms = _norms(weights)
    return torch.full_like(norms, torch.nan) if updates is None else _norms(updates) / norms


def _saturated(model: MLP, activations: Sequence[Tensor]) -> Tensor:
    """Share of activations at the flat ends; 0 for the output and unbounded activations."""
    shares = [activation.new_zeros(()) for activation in activations]
    for layer, activation in enumerate(activations[:-1]):
        if model.config.activation == "tanh":
            shares[layer] = (activation.abs() > SATURATED).to(activation.dtype).mean()
        elif model.config.activation == "sigmoid":  # 2 sigmoid(2 x) - 1 = tanh(x)
            shares[layer] = ((2 * activation - 1).abs() > SATURATED).to(activation.dtype).mean()
    return torch.stack(shares)


def _dead(model: MLP, activations: Sequence[Tensor]) -> Tensor:
    """Share of relu units that are zero on the whole batch."""
    shares = [activation.new_zeros(()) for activation in activations]
    if model.config.activation == "relu":
        for layer, activation in enumerate(activations[:-1]):
            shares[layer] = (activation == 0).all(dim=0).to(activation.dtype).mean()
    return torch.stack(shares)
