"""The numeric encoding of a stack: forward into the inputs of a pass, and its gradients.

The same numbers as `models/mlp/numeric_encoding.py`, with the runs first; here the way back is
written out. Runs of a stack have encodings of one kind and size (`planning.py`), but each its
own bins, since their folds and scalings may differ.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from automl.stacked.blocks import StackBlocks, StackLayout

PREFIX = "numeric_encoding."


class StackedEncoding:
    """Encodes the columns of a batch of every run.

    Attributes:
        columns: (K, B, D) scaled, to be filled before `forward`.
    """

    def __init__(self, values: StackBlocks, gradients: StackBlocks | None, inputs: Tensor) -> None:
        """Get ready.

        Args:
            inputs: (K, B, n_inputs), whose first columns `forward` fills.
        """
        layout = values.layout
        self._inputs, self._layout = inputs, layout
        self._config = layout.configs[0]
        self._values = _own(values)
        self._gradients = {} if gradients is None else _own(gradients)
        self.columns = inputs.new_zeros(*inputs.shape[:2], layout.n_features)
        self._features = inputs.new_zeros(0)  # of the last batch: shares of bins, or angles
        if self._config.numeric_encoding == "piecewise_linear":
            self._bins = _stacked_bins(layout, inputs)

    def forward(self) -> None:
        """From `columns` to the inputs."""
        numbers, marks = self.columns.tensor_split([self._layout.n_numbers], dim=2)
        if self._config.numeric_encoding == "piecewise_linear":
            encoded = self._piecewise_linear(numbers[..., None])
        else:
            encoded = self._periodic(numbers[..., None])
        n_encoded = encoded.shape[2] * encoded.shape[3]
        self._inputs[..., :n_encoded] = encoded.flatten(2)
        self._inputs[..., n_encoded : n_encoded + marks.shape[2]] = marks

    def _piecewise_linear(self, x: Tensor) -> Tensor:
        """Shape: x: (K, B, n, 1); result: (K, B, n, S)."""
        starts, inverse_widths, least, most = self._bins
        shares = ((x - starts) * inverse_widths).clamp_(least, most)
        if self._gradients:
            self._features = shares
        encoded = torch.einsum("kbnt,knts->kbns", shares, self._values["weight"])
        linear, bias = self._values["linear_weight"], self._values["bias"]
        return encoded + x * linear[:, None] + bias[:, None]

    def _periodic(self, x: Tensor) -> Tensor:
        """Shape: x: (K, B, n, 1); result: (K, B, n, S)."""
        phases = self._values["bias_phases"][:, None]
        angles = 2 * math.pi * self._values["frequencies"][:, None] * x + phases
        if self._gradients:
            self._features = angles
        encoded = torch.einsum("kbnf,knfs->kbns", angles.cos(), self._values["weight"])
        return torch.cat([encoded + self._values["bias"][:, None], x], dim=3)

    def backward(self, signals: Tensor) -> None:
        """Leave the gradients of the parameters; `signals`: those of the inputs."""
        n_numbers, size = self._layout.n_numbers, self._config.encoding_size
        own = signals[..., : n_numbers * size].unflatten(2, (n_numbers, size))
        numbers = self.columns[..., :n_numbers]
        if self._config.numeric_encoding == "piecewise_linear":
            found = {
                "weight": torch.einsum("kbnt,kbns->knts", self._features, own),
                "linear_weight": torch.einsum("kbn,kbns->kns", numbers, own),
                "bias": own.sum(1),
            }
        else:
            found = self._periodic_gradients(numbers, own[..., :-1])
        for name, gradient in found.items():
            self._gradients[name].copy_(gradient)

    def _periodic_gradients(self, numbers: Tensor, own: Tensor) -> dict[str, Tensor]:
        of_waves = torch.einsum("kbns,knfs->kbnf", own, self._values["weight"])
        of_angles = -self._features.sin() * of_waves
        return {
            "weight": torch.einsum("kbnf,kbns->knfs", self._features.cos(), own),
            "bias": own.sum(1),
            "bias_phases": of_angles.sum(1),
            "frequencies": 2 * math.pi * torch.einsum("kbnf,kbn->knf", of_angles, numbers),
        }


def _own(blocks: StackBlocks) -> dict[str, Tensor]:
    """The tensors of the encoding by their own names."""
    return {
        name.removeprefix(PREFIX): values
        for name, values in blocks.input_tensors.items()
        if name.startswith(PREFIX)
    }


def _stacked_bins(layout: StackLayout, like: Tensor) -> tuple[Tensor, ...]:
    """Starts, inverse widths, and the least and most shares of each run's bins, (K, 1, n, T)."""
    of_runs = [
        (bins.finite_starts, bins.inverse_widths, *bins.limits_of_shares) for bins in layout.bins
    ]
    return tuple(torch.stack(parts)[:, None].to(like) for parts in zip(*of_runs, strict=True))
