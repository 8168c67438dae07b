"""Cross-entropy of a stack by the compiled kernels: its gradient, and its plain scores.

The formulas are those of `stacked_losses.py`, which also has the other losses: theirs are one
or two cheap operations, while torch's softmax and argmax over few classes are slow.
"""

from __future__ import annotations

import ctypes
from typing import Final

from torch import Tensor

from automl.stacked import native

_Structure: Final = native.structure(
    "Classes",
    *("n_runs", "n_classes", "n_rows", "stride", "outputs", "targets"),
    *("smoothing", "class_weights", "gradients", "losses", "errors"),
)


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
    structure.smoothing = native.address(label_smoothing)
    structure.class_weights = native.address(class_weights)
    structure.gradients = native.address(gradients)
    native.kernel("class_gradients", outputs.dtype)(ctypes.addressof(structure))


def class_scores_(outputs: Tensor, targets: Tensor, losses: Tensor, errors: Tensor) -> None:
    """Compute the plain loss of each row, and whether its class is predicted wrongly.

    Shape:
        outputs: (K, C, B) and targets: (K, B) int64, contiguous; losses, errors: (K, B), their
        rows equally far apart.
    """
    structure = _described(outputs, targets)
    structure.stride = losses.stride(0)
    structure.losses, structure.errors = native.address(losses), native.address(errors)
    native.kernel("class_scores", outputs.dtype)(ctypes.addressof(structure))


def _described(outputs: Tensor, targets: Tensor) -> ctypes.Structure:
    n_runs, n_classes, n_rows = outputs.shape
    return _Structure(
        n_runs=n_runs,
        n_classes=n_classes,
        n_rows=n_rows,
        outputs=native.address(outputs),
        targets=native.address(targets),
    )
