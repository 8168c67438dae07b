"""What the parameters of any module are for: which are weights, which shift and scale.

Penalties and limits ask for a role, never for a number of dimensions alone: a convolution's
filters are weights, the gain of a layer normalization over images is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from torch import Tensor, nn

NORMALIZATIONS: Final = (
    nn.modules.batchnorm._NormBase,  # batch and instance normalization, of all dimensions
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)
"""Modules whose parameters scale and shift what is normalized, whatever their shape."""

LAYERS: Final = (nn.Linear, nn.Bilinear, nn.RNNBase, nn.modules.conv._ConvNd)
"""Modules whose weights have a row, or a filter, for each of their units."""


def trainable(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that training sets, each once: those that are not frozen."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def penalized(module: nn.Module, *, recurse: bool = True) -> list[nn.Parameter]:
    """The parameters that weight decay and L1 act on, each once: the weights of layers.

    These are what a linear map, a convolution or a table of embeddings multiplies by: tensors
    of two dimensions or more that belong to no normalization and are no biases.

    Args:
        recurse: whether those of the modules inside count too.
    """
    found = {
        id(parameter): parameter
        for each in (module.modules() if recurse else (module,))
        if not isinstance(each, NORMALIZATIONS)
        for name, parameter in each.named_parameters(recurse=False)
        if parameter.ndim >= 2 and not name.startswith("bias")
    }
    return list(found.values())


def incoming_weights(module: nn.Module) -> Iterator[tuple[Tensor, tuple[int, ...]]]:
    """The weights of linear maps and convolutions that training sets; `max_norm` limits them.

    Embeddings have none: they are inputs.

    Yields:
        a view of a weight, and the dimensions along which the inputs of one unit or filter lie.
    """
    for each in module.modules():
        if not isinstance(each, LAYERS):
            continue
        for weight in penalized(each, recurse=False):
            if not weight.requires_grad:
                continue
            if isinstance(each, nn.modules.conv._ConvTransposeNd):  # (in, out / groups, ...)
                grouped = weight.unflatten(0, (each.groups, -1))
                yield grouped, (1, *range(3, grouped.ndim))
            else:
                yield weight, tuple(range(1, weight.ndim))
