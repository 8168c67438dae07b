"""How a network of the export begins when it is trained again: weights by seven rules.

Sources: Glorot & Bengio 2010 (xavier), He et al. 2015 (he_fan_in; he takes the mean of fan-in and
fan-out), Saxe et al. 2014 (orthogonal), Holzmüller et al. 2024, arXiv 2407.04491 (data_driven),
Gorishniy et al. 2022, arXiv 2203.05556 (numeric encodings) and 2024, arXiv 2410.24210 (members).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

FITTED_ROWS, BIAS_ROWS = 512, 5  # of data_driven weights: arXiv 2407.04491, arXiv 1903.11482


def initialize_(network: Any, generator: torch.Generator) -> None:
    """Set all parameters by the configuration's rule."""
    config = network.config
    k, rule = config["n_members"], config["initialization"]
    with torch.no_grad():
        for layer in network.hidden:
            _draw_(
                layer.linear.weight, 2 if config["activation"] == "maxout" else 1, rule, generator
            )
        is_zero = config["output_initialization"] == "zero"
        _draw_(network.output.weight, k, "zeros" if is_zero else rule, generator)
        for each in (*(layer.linear for layer in network.hidden), network.output):
            if each.bias is not None:
                each.bias.zero_()
        for table in network.embeddings:
            table.weight.normal_(0, table.embedding_dim**-0.5, generator=generator)
        if network.numeric_encoding is not None:
            _draw_encoding_(network.numeric_encoding, config, generator)
        if network.members is not None:
            signs = torch.randn(network.members.scale.shape, generator=generator)
            encodes = network.numeric_encoding is not None
            network.members.scale.copy_(signs if encodes else torch.where(signs < 0, -1.0, 1.0))


def _draw_(weight: Tensor, pieces: int, rule: str, generator: torch.Generator) -> None:
    """Each piece, a (n_out, n_in) matrix, by itself."""
    for piece in weight.chunk(pieces):
        n_out, n_in = piece.shape
        if rule == "orthogonal":
            nn.init.orthogonal_(piece, generator=generator)
            continue
        variances = {
            "zeros": 0.0,
            "normal": 1e-4,
            "xavier": 2 / (n_out + n_in),
            "he": 4 / (n_out + n_in),
            "he_fan_in": 2 / n_in,
            "data_driven": 1 / n_in,
        }
        piece.normal_(0, math.sqrt(variances[rule]), generator=generator)


def _draw_encoding_(encoding: Any, config: Mapping[str, Any], generator: torch.Generator) -> None:
    limit = config["n_frequencies" if encoding.is_periodic else "encoding_size"] ** -0.5
    for name, parameter in encoding.named_parameters():
        if name == "frequencies":
            parameter.normal_(0, config["frequency_scale"], generator=generator)
        elif name == "bias_phases":
            parameter.uniform_(-math.pi, math.pi, generator=generator)
        elif name == "weight" and not encoding.is_periodic:
            parameter.zero_()
        else:
            parameter.uniform_(-limit, limit, generator=generator)


@torch.no_grad()
def fit_(network: Any, numbers: Tensor, codes: Tensor, generator: torch.Generator) -> None:
    """Rescale drawn weights so that each unit's values on train rows have deviation 1.

    A bias then puts the unit's zero amid a few rows; the layers one after the other.
    """
    k = network.config["n_members"]
    some = torch.randperm(len(numbers), generator=generator)[:FITTED_ROWS]
    values = network.encode(numbers[some], codes[some])
    if network.members is not None:
        values = (values * network.members.scale.view(k, 1, -1)).flatten(0, 1)
    network.train()
    for layer in network.hidden:
        rate, layer.dropout = layer.dropout, 0.0
        _fit_(layer.linear.weight, layer.linear.bias, values, generator)
        values = layer(values)
        layer.dropout = rate
    if network.config["output_initialization"] == "as_hidden":
        heads = (network.output.weight, network.output.bias, values)
        for weight, bias, of_head in zip(*(each.chunk(k) for each in heads), strict=True):
            _fit_(weight, bias, of_head, generator)
    for layer in network.hidden:
        if isinstance(layer.normalization, nn.BatchNorm1d):
            layer.normalization.reset_running_stats()


def _fit_(weight: Tensor, bias: Any, inputs: Tensor, generator: torch.Generator) -> None:
    outputs = inputs @ weight.T
    deviation = outputs.std(dim=0, correction=0)
    scale = torch.where(deviation > 1e-6 * outputs.abs().amax(0), 1 / deviation, 1.0)
    weight.mul_(scale[:, None])
    if bias is not None:
        shape = (BIAS_ROWS, outputs.shape[1])
        chosen = outputs.gather(0, torch.randint(len(outputs), shape, generator=generator))
        shares = torch.empty(shape).exponential_(generator=generator)
        bias.copy_(-scale * (chosen * shares).sum(0) / shares.sum(0))
