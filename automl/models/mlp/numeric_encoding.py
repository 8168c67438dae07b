"""Numeric columns as several numbers each, before the first layer.

`piecewise_linear` says in which of a column's quantile bins a number lies, and how far; weights of
each bin, zeros at first, make of it a piecewise linear function of the number. `periodic` gives
cosines of learned frequencies, and the number itself. Either has `encoding_size` numbers per
column, and parameters of its own for each. What they are called and how large they are says
`config.input_parameters`, where they begin `initialization.py`.

Sources:
    Gorishniy et al. 2022, arXiv 2203.05556, section 3.2 and 3.3; piecewise_linear as version B of
    TabM, arXiv 2410.24210, periodic as PBLD of RealMLP, Holzmüller et al. 2024, arXiv 2407.04491.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from automl.data.table.inputs import NumberBins, TableEncoding
from automl.models.mlp.config import MLPConfig, input_parameters
from automl.models.parameter_roles import RateRole


class NumericEncoding(nn.Module):
    """Encodes each of n columns by itself, with parameters not yet set.

    Attributes:
        n_numbers: n.
        rate_roles: see `parameter_roles.rate_roles`.

    Shape:
        numbers: (B, n), scaled; result: (B, n x S), the S numbers of a column beside one another.
    """

    def __init__(
        self,
        config: MLPConfig,
        n_numbers: int,
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.n_numbers = n_numbers
        self.rate_roles: dict[str, RateRole] = {}
        for name, shape in input_parameters(config, n_numbers).items():
            empty = torch.empty(shape, device=device, dtype=dtype)
            self.register_parameter(name.partition(".")[2], nn.Parameter(empty))
            self.rate_roles[name.partition(".")[2]] = "encoding"


class PiecewiseLinear(NumericEncoding):
    """x w + b + sum_t e_t(x) W_t, where e_t is the share of bin t that lies below x.

    e_t = (x - start_t) / width_t, cut to 0 and 1; but the first bin goes on below its start and
    the last one beyond its end, as equation 1 of Gorishniy et al. 2022 has it. The bins belong to
    the data's encoding and not to the weights, so the `state_dict` is without them.
    """

    weight: Tensor
    linear_weight: Tensor
    bias: Tensor
    starts: Tensor
    inverse_widths: Tensor
    least: Tensor
    most: Tensor

    def __init__(
        self,
        config: MLPConfig,
        bins: NumberBins,
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        super().__init__(config, len(bins.starts), device, dtype)
        least, most = bins.limits_of_shares
        fixed = {
            "starts": bins.finite_starts,
            "inverse_widths": bins.inverse_widths,
            "least": least,
            "most": most,
        }
        for name, values in fixed.items():
            self.register_buffer(name, values.to(device, dtype), persistent=False)

    def forward(self, numbers: Tensor) -> Tensor:
        """Encode numbers."""
        x = numbers[:, :, None]
        shares = (x - self.starts) * self.inverse_widths
        shares = shares.clamp(self.least, self.most)
        encoded = torch.einsum("bnt,nts->bns", shares, self.weight)
        return (encoded + x * self.linear_weight + self.bias).flatten(1)


class Periodic(NumericEncoding):
    """W cos(2 pi f x + phase) + b, and x itself as the last number."""

    frequencies: Tensor
    weight: Tensor
    bias_phases: Tensor
    bias: Tensor

    def forward(self, numbers: Tensor) -> Tensor:
        """Encode numbers."""
        x = numbers[:, :, None]
        waves = torch.cos(2 * math.pi * self.frequencies * x + self.bias_phases)
        encoded = torch.einsum("bnf,nfs->bns", waves, self.weight) + self.bias
        return torch.cat([encoded, x], dim=-1).flatten(1)


def numeric_encoding_for(
    config: MLPConfig, encoding: TableEncoding, device: torch.device | str, dtype: torch.dtype
) -> NumericEncoding | None:
    """What encodes the numeric columns of a table; None where nothing does, or none is numeric."""
    if config.numeric_encoding == "none" or encoding.n_numbers == 0:
        return None
    if config.numeric_encoding == "periodic":
        return Periodic(config, encoding.n_numbers, device, dtype)
    bins = encoding.bins(config.scaling, config.n_bins)
    return PiecewiseLinear(config, bins, device, dtype)
