"""What the parameters of any module are for: which are weights, which shift and scale.

Penalties and limits ask for a role, never for a number of dimensions alone: a convolution's
filters are weights, the gain of a layer normalization over images is none. So do the factors by
which some parameters learn faster or slower than others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, get_args

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

RateRole = Literal["bias", "first_layer", "embedding", "encoding", "input_scaling", "mixing"]
"""Whose learning rate may have a factor of its own: the hyperparameter `<role>_rate_factor`."""

RATE_ROLES: Final[tuple[RateRole, ...]] = get_args(RateRole)


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


def rate_roles(module: nn.Module) -> dict[int, RateRole]:
    """The roles of the parameters that have one, by their `id`; of a tied one the first counts.

    The weights of the first layer in the module's order, the biases of layers, the tables of
    embeddings. What its kind does not tell a module says by `rate_roles`, a mapping from names of
    its own parameters to roles.
    """
    roles: dict[int, RateRole] = {}
    first = next((each for each in module.modules() if isinstance(each, LAYERS)), None)
    for each in module.modules():
        said: Mapping[str, RateRole] = getattr(each, "rate_roles", {})
        for name, parameter in each.named_parameters(recurse=False):
            role = said.get(name) or _role_by_kind(each, name, is_first=each is first)
            if role is not None:
                roles.setdefault(id(parameter), role)
    return roles


def _role_by_kind(module: nn.Module, name: str, *, is_first: bool) -> RateRole | None:
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return "embedding"
    if not isinstance(module, LAYERS):
        return None
    if name.startswith("bias"):
        return "bias"
    return "first_layer" if is_first else None
