"""The objective of a stack by the compiled kernels: its gradient in the outputs of a batch.

The formulas are those of `losses.py`; `kernels/losses.h` has them for one run's batch, in one
pass over its outputs.
"""

from __future__ import annotations

import ctypes
from typing import Final

from torch import Tensor

from automl.stacked import native
from automl.stacked.native_structures import Outputs, address

LOSSES: Final = ("cross_entropy", "binary_cross_entropy", "mean_squared", "mean_absolute", "huber")
"""Names of losses in the order of the kernels' `Loss`."""


def objective_gradients_(
    loss: str,
    outputs: Tensor,
    targets: Tensor,
    label_smoothing: Tensor | None,
    class_weights: Tensor | None,
    gradients: Tensor,
) -> None:
    """Compute the gradient of each run's mean objective in its outputs.

    Shape:
        outputs, gradients: (K, C, B); targets: (K, B), int64 classes or values;
        label_smoothing: (K, 1, 1) or None; class_weights: (K, C) or None, with two columns for
        binary tasks; all contiguous.
    """
    n_runs, n_outputs, n_rows = outputs.shape
    structure = Outputs(
        loss=LOSSES.index(loss),
        n_runs=n_runs,
        n_outputs=n_outputs,
        n_rows=n_rows,
        outputs=address(outputs),
        smoothing=address(label_smoothing),
        class_weights=address(class_weights),
        gradients=address(gradients),
    )
    structure.classes, structure.values = target_addresses(targets)
    native.kernel("objective_gradients", outputs.dtype)(ctypes.addressof(structure))


def target_addresses(targets: Tensor) -> tuple[int, int]:
    """Where targets lie for the kernels, as classes and as values; 0 for what they are not."""
    where = address(targets)
    return (0, where) if targets.is_floating_point() else (where, 0)
