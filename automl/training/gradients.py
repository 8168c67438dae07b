"""How signals and gradients pass through the layers, measured on one batch.

At initialization, before any training, and at epochs 2, 4, 8, ... of a run. What the numbers
mean is judged in `automl/diagnostics`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from automl import randomness
from automl.data.dataset import Dataset
from automl.models.layers import LayerSignal
from automl.models.parameter_roles import penalized
from automl.training.batches import probe_rows, rows_of
from automl.training.config import RunConfig
from automl.training.losses import row_losses
from automl.training.network import Network, read_rows
from automl.training.place import Place
from automl.training.rows import Rows
from storage.records import LayerGradientRecord

Weights: TypeAlias = Mapping[int, Tensor]
"""Values of parameters by the `id` of the parameter."""

SATURATED: Final = 0.99
"""A sigmoid or tanh unit is saturated where |tanh| > 0.99, on tanh's scale: its slope is then
below 2 % of its largest, as at the flat ends that Glorot & Bengio 2010 (section 3) look at."""


def is_measured(epoch: int) -> bool:
    """Whether layers are measured after this epoch: at powers of two from 2 on, so cheaply.

    Not after the first, at which three of four trials of a search end: no verdict is passed on
    curves of fewer than three epochs, and the start is what was seen before the first step.
    """
    return epoch > 1 and epoch & (epoch - 1) == 0


def inspect_initialization(run: RunConfig, dataset: Dataset) -> tuple[LayerGradientRecord, ...]:
    """The layers of a run's network before its first step, nearest the input first."""
    fold = dataset.folds[run.fold]
    place = Place(fold.train.targets.device)
    rows = read_rows(run, fold.train, fold.encoding, place)
    own = rows_of(run.rows, len(rows))
    if own is not None:
        rows = rows[own.to(place.device)]
    batch = rows[probe_rows(len(rows)).to(place.device)]
    network = Network.built(run, dataset.describe(run.fold), batch, place)
    network.initialize_(run, rows)
    return measure_layers(network, dataset.loss, batch)


def weights_now(module: nn.Module) -> Weights:
    """The values of all weights that layers have, to be held against those of later."""
    return {id(weight): weight.detach().clone() for weight in penalized(module)}


def measure_layers(
    network: Network, loss: str, batch: Rows, before: Weights | None = None
) -> tuple[LayerGradientRecord, ...]:
    """Measure every layer on one batch, in training mode but without dropout; nothing changes.

    Where a module that nothing is known of does not let itself be measured there is no record:
    what is wrong with it, if anything, is for training to say.

    Args:
        before: the weights before the last step; None before the first one.
    """
    try:
        return _measured(network, loss, batch, before)
    except Exception:
        if network.family.is_trusted:
            raise
        return ()


def _measured(
    network: Network, loss: str, batch: Rows, before: Weights | None
) -> tuple[LayerGradientRecord, ...]:
    with _as_it_was(network.module), randomness.seeded(0, network.place.device):
        with network.place.arithmetic():
            outputs, signals = network.family.trace(network.module, batch.arguments)
        outputs = network.checked(outputs, network.n_members * len(batch))
        losses = row_losses(loss, outputs, network.of_members(batch.targets))
        if batch.weights is not None:
            losses = losses * network.of_members(batch.weights)
        mean_loss = losses.mean()
        weights = [weight for signal in signals for weight in signal.weights]
        gradients = torch.autograd.grad(mean_loss, weights, allow_unused=True)
        of_weight = dict(zip(map(id, weights), gradients, strict=True))
        reached = [signal for signal in signals if _is_reached(signal, of_weight)]
        numbers = [_numbers(signal, of_weight, before) for signal in reached]
    rows = torch.stack(numbers).tolist() if numbers else []  # one wait for the device
    return tuple(
        LayerGradientRecord(layer, signal.name, *row)
        for layer, (signal, row) in enumerate(zip(reached, rows, strict=True))
    )


@contextlib.contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    """Training mode without the dropout of modules; afterwards mode and buffers are as before."""
    modes = {each: each.training for each in module.modules()}
    kept = [
        (each, name, buffer, buffer.clone())
        for each in modes
        for name, buffer in each.named_buffers(recurse=False)
    ]
    module.train()
    for each in modes:
        if isinstance(each, _DropoutNd):
            each.eval()
    try:
        yield
    finally:
        for each, mode in modes.items():
            each.training = mode
        with torch.no_grad():
            for each, name, buffer, values in kept:
                buffer.copy_(values)  # batch normalization moves its running statistics
                setattr(each, name, buffer)  # others put a new tensor in its place


def _is_reached(signal: LayerSignal, gradients: Mapping[int, Tensor | None]) -> bool:
    """Whether the loss depends on all weights of a layer."""
    return all(gradients[id(weight)] is not None for weight in signal.weights)


@torch.no_grad()
def _numbers(
    signal: LayerSignal, gradients: Mapping[int, Tensor | None], before: Weights | None
) -> Tensor:
    """The columns of a layer's record, (7,)."""
    weight = _norm(signal.weights)
    signal = replace(signal, activations=signal.activations.to(weight.dtype))
    values = signal.activations
    ratio = torch.full_like(weight, torch.nan)
    if before is not None and all(id(each) in before for each in signal.weights):
        # A weight of norm zero (initialization "zeros") gives infinity.
        ratio = _norm([each - before[id(each)] for each in signal.weights]) / weight
    columns = [_norm([gradients[id(each)] for each in signal.weights]), weight, ratio]
    columns += [values.mean(), values.std(correction=0), _saturated(signal), _dead(signal)]
    return torch.stack([column.double() for column in columns])


def _norm(tensors: Sequence[Tensor | None]) -> Tensor:
    """The Euclidean norm of all numbers."""
    norms = [torch.linalg.vector_norm(each) for each in tensors if each is not None]
    whole: Tensor = torch.linalg.vector_norm(torch.stack(norms)) if norms[1:] else norms[0]
    return whole


def _saturated(signal: LayerSignal) -> Tensor:
    """Share of activations at the flat ends; 0 for unbounded activations."""
    values = signal.activations
    if signal.activation == "sigmoid":
        values = 2 * values - 1  # 2 sigmoid(2 x) - 1 = tanh(x)
    elif signal.activation != "tanh":
        return values.new_zeros(())
    return (values.abs() > SATURATED).to(values.dtype).mean()


def _dead(signal: LayerSignal) -> Tensor:
    """Share of relu units that are zero wherever they are, on the whole batch."""
    values = signal.activations
    if signal.activation != "relu":
        return values.new_zeros(())
    of_unit = values.movedim(signal.unit_dimension, 0).flatten(1)
    return (of_unit == 0).all(dim=1).to(values.dtype).mean()
