"""First weights that fit the data: `initialization = "data_driven"`, as RealMLP begins.

The drawn weights of a layer are rescaled, unit by unit, so that what the linear map gives on
train rows has standard deviation 1; then each bias puts the unit's zero amid the rows. Layer
after layer, since each reads what the one before gives. All of it is done on a copy of the
network in double precision on the CPU, so that every trainer begins at the same numbers.

Source:
    Holzmüller et al. 2024, "Better by Default", arXiv 2407.04491, section 3 and appendix A; the
    rule of the biases is "he+5" of Steinwart 2019, "A Sober Look at Neural Network
    Initializations", arXiv 1903.11482.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from automl import randomness
from automl.models.mlp.initialization import initialize_, layer_generator
from automl.models.mlp.network import MLP

FITTED_ROWS: Final = 512
"""Train rows, at most, that the weights are fitted to: a standard deviation of so many is known
to 3 %, and the widest network of the built-in space takes some 10 ms."""

BIAS_ROWS: Final = 5
"""Rows whose mean a bias puts at zero: Steinwart 2019."""

_BIASES: Final = 1 << 20  # what a layer draws for its biases, apart from the layers' weights


@torch.no_grad()
def fitted_network(module: MLP, seed: int, arguments: Sequence[Tensor]) -> MLP:
    """A copy of a network as it begins, in double precision on the CPU.

    Args:
        module: its configuration and its scaling count, its weights do not.
        seed: see `initialization.draw_weights`.
        arguments: all train rows of the run, as the network is called with them.

    Shape:
        arguments: (N, D) and (N, E).
    """
    fitted = copy.deepcopy(module).to("cpu", torch.float64).train()
    initialize_(fitted, seed)
    for each in fitted.modules():
        if isinstance(each, nn.BatchNorm1d):
            each.momentum = 0.0  # running statistics stay as a network begins with them
    rows = _rows(seed, len(arguments[0]))
    numbers, categories = (each[rows.to(each.device)].cpu() for each in arguments)
    values = fitted.spread(fitted.encode(numbers.double(), categories))
    for number, layer in enumerate(fitted.layers):
        generator = layer_generator(seed, _BIASES + number)
        _fit_(layer.linear.weight, layer.linear.bias, values, generator)
        values = layer(values)
    if fitted.config.output_initialization == "as_hidden":
        generator = layer_generator(seed, _BIASES + len(fitted.layers))
        n_members, output = fitted.config.n_members, fitted.output
        heads = zip(
            output.weight.chunk(n_members),
            output.bias.chunk(n_members),
            values.chunk(n_members),
            strict=True,
        )
        for head in heads:
            _fit_(*head, generator)
    return fitted


def _rows(seed: int, n_rows: int) -> Tensor:
    """The rows that a run's weights are fitted to, in the order in which they are drawn."""
    key = randomness.keys_at(torch.tensor(seed), 0)
    return randomness.shuffle(key, n_rows)[:FITTED_ROWS]


def _fit_(weight: Tensor, bias: Tensor | None, inputs: Tensor, generator: torch.Generator) -> None:
    """Rescale the weights of a linear map and set its bias, if it has one, in place.

    A unit that gives the same on all rows keeps its weights. Its bias is minus the mean of what
    it gives on five random rows, with random weights (exponential ones divided by their sum).
    """
    outputs = inputs @ weight.T  # (N, H)
    deviation = outputs.std(dim=0, correction=0)
    scale = torch.where(deviation > 1e-12 * outputs.abs().amax(0), 1 / deviation, 1.0)
    weight.mul_(scale[:, None])
    if bias is not None:
        shape = (BIAS_ROWS, outputs.shape[1])
        rows = torch.randint(len(outputs), shape, generator=generator)
        shares = torch.empty(shape, dtype=torch.float64).exponential_(generator=generator)
        means = (outputs.gather(0, rows) * shares).sum(dim=0) / shares.sum(dim=0)
        bias.copy_(-scale * means)
