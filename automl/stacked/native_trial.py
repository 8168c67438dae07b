"""Trying out compiled kernels: `python -m automl.stacked.native_trial REAL FILE`.

Runs a small stack forward and backward with the kernels and with torch calls. Ends with 0 if
both give the same; kernels that this machine cannot run end this process instead of a search.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from automl.models.mlp.config import MLPConfig
from automl.stacked import native
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.native_pass import NativePass
from automl.stacked.torch_pass import StackedPass

CONFIGS = (
    MLPConfig(n_layers=2, hidden_size=19, activation="silu", normalization="layer_norm"),
    MLPConfig(n_layers=1, hidden_size=7, activation="relu"),
)
"""Widths that are no multiples of a vector, so that ends of loops run too."""

N_ROWS, N_INPUTS, N_OUTPUTS = 13, 5, 3

TOLERANCE = 1e-3
"""Sums of some ten numbers of size 1, in single precision, in another order."""


def main(real: str, path: str) -> str:
    """What is wrong with the kernels of that file; "" if nothing is."""
    dtype = next(dtype for dtype, name in native.REALS.items() if name == real)
    try:
        native.use_kernels({dtype: Path(path).read_bytes()})
        native.library(dtype)
    except OSError as error:
        return str(error)
    pairs = zip(_numbers(NativePass, dtype), _numbers(StackedPass, dtype), strict=True)
    if all(torch.allclose(*pair, rtol=TOLERANCE, atol=TOLERANCE) for pair in pairs):
        return ""
    return "they give other numbers than torch"


def _numbers(kind: type[NativePass | StackedPass], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Outputs and gradients of a stack of drawn networks, on drawn rows."""
    layout = StackLayout.of(CONFIGS, N_INPUTS, (), N_OUTPUTS)
    values = StackBlocks(layout, device="cpu", dtype=dtype, statistics=True)
    gradients = StackBlocks(layout, device="cpu", dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    for k in range(len(CONFIGS)):
        for view in values.tensors_of(k).values():
            view.normal_(0.0, 0.5, generator=generator)
    batch = kind(values, N_ROWS, gradients)
    batch.inputs.normal_(generator=generator)
    batch.forward()
    batch.output_gradients.normal_(generator=generator)
    batch.backward()
    return batch.outputs, gradients.flat


if __name__ == "__main__":
    problem = main(*sys.argv[1:])
    if problem:
        sys.exit(problem)
