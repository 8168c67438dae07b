"""Cross-entropy of a stack by the compiled kernels: its gradient, and its plain scores.

The formulas are those of `losses.py`, which also has the other losses: theirs are one
or two cheap operations, while torch's softmax and argmax over few classes are slow.
"""

from __future__ import annotations

import ctypes

from torch import Tensor

from automl.stacked import native
from automl.stacked.native_structures import Classes, address


def class_gradients_(
    outputs: Tensor,
    targets: Tensor,
    label_smoothing: Tensor | None,
    class_weights: Tensor | None,
    gradients: Tensor,
) -> None:
    """Compute the gradient of each run's mean objective in its outputs.

    Shape:
        outputs, gradients: (K, C, B); targets: (K, B) int64; label_smoothing: (K, 1, 1) or
        None; class_weights: (K, C) or None; all contiguous.
    """
    structure = _described(outputs, targets)
    structure.smoothing = address(label_smoothing)
    structure.class_weights = address(class_weights)
    structure.gradients = address(gradients)
    native.kernel("class_gradients", outputs.dtype)(ctypes.addressof(structure))


def class_scores_(outputs: Tensor, targets: Tensor, losses: Tensor, errors: Tensor) -> None:
    """Compute the plain loss of each row, and whether its class is predicted wrongly.

    Shape:
        outputs: (K, C, B) and targets: (K, B) int64, contiguous; losses, errors: (K, B), their
        rows equally far apart.
    """
    structure = _described(outputs, targets)
    structure.stride = losses.stride(0)
    structure.losses, structure.errors = address(losses), address(errors)
    native.kernel("class_scores", outputs.dtype)(ctypes.addressof(structure))


def _described(outputs: Tensor, targets: Tensor) -> ctypes.Structure:
    n_runs, n_classes, n_rows = outputs.shape
    return Classes(
        n_runs=n_runs,
        n_classes=n_classes,
        n_rows=n_rows,
        outputs=address(outputs),
        targets=address(targets),
    )
