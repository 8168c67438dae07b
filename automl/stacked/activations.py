"""Activations of stacked networks: the value and the slope in one go, into given buffers.

The slope is kept from the forward pass, multiplied with the dropout mask, so that the
backward pass of a layer is one multiplication for all runs whatever their activations.
Each function returns calls without arguments, made once and repeated at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import torch
from torch import Tensor

Call = Callable[[], object]

_LEAKY_SLOPE: Final = 0.01  # torch's default, and Maas et al. 2013
SELU_ALPHA: Final = 1.6732632423543772
SELU_SCALE: Final = 1.0507009873554805
"""With these, mean 0 and variance 1 pass through a layer of normal weights as they are.

Source:
    Klambauer et al. 2017, "Self-Normalizing Neural Networks", arXiv 1706.02515, equation 14.
"""

_aten = torch.ops.aten


def _sigmoid(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(torch.sigmoid, z, out=h)]
    if d is not None:  # h - h^2
        calls.append(partial(torch.addcmul, h, h, h, value=-1, out=d))
    return calls


def _tanh(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(torch.tanh, z, out=h)]
    if d is not None:  # 1 - h^2
        calls.append(partial(torch.addcmul, z.new_ones(()), h, h, value=-1, out=d))
    return calls


def _relu(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(torch.clamp_min, z, 0, out=h)]
    if d is not None:  # a comparison into numbers is vectorised, one into booleans is not
        calls.append(partial(torch.gt, z, z.new_zeros(()), out=d))
    return calls


def _leaky_relu(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(_aten.leaky_relu.out, z, _LEAKY_SLOPE, out=h)]
    if d is not None:
        calls.append(partial(torch.gt, z, z.new_zeros(()), out=d))
        calls.append(partial(d.clamp_, min=_LEAKY_SLOPE))
    return calls


def _elu(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(_aten.elu.out, z, out=h)]
    if d is not None:  # 1, or e^z = h + 1
        calls.append(partial(torch.clamp_max, h, 0, out=d))
        calls.append(partial(d.add_, z.new_ones(())))
    return calls


def _gelu(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(_aten.gelu.out, z, out=h)]
    if d is not None:
        ones = torch.ones_like(z)
        calls.append(partial(_aten.gelu_backward.grad_input, ones, z, grad_input=d))
    return calls


def _silu(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    if d is None:
        return [partial(_aten.silu.out, z, out=h)]
    s = torch.empty_like(z)  # the slope is s + h (1 - s) with s = sigmoid(z)
    return [
        partial(torch.sigmoid, z, out=s),
        partial(torch.mul, z, s, out=h),
        partial(torch.addcmul, h, h, s, value=-1, out=d),
        partial(d.add_, s),
    ]


def _mish(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    if d is None:
        return [partial(_aten.mish.out, z, out=h)]
    share, s = torch.empty_like(z), torch.empty_like(z)  # tanh(log(1 + e^z)), sigmoid(z)
    return [  # the slope is share + z (1 - share^2) s
        partial(_aten.softplus.out, z, out=share),
        partial(torch.tanh, share, out=share),
        partial(torch.mul, z, share, out=h),
        partial(torch.sigmoid, z, out=s),
        partial(s.mul_, z),
        partial(torch.addcmul, z.new_ones(()), share, share, value=-1, out=d),
        partial(torch.addcmul, share, d, s, out=d),
    ]


def _selu(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    calls: list[Call] = [partial(_aten.elu.out, z, SELU_ALPHA, SELU_SCALE, out=h)]
    if d is not None:  # the scale, or scale alpha e^z = h + scale alpha
        below, at_zero = torch.empty_like(z), SELU_SCALE * SELU_ALPHA
        calls += [
            partial(torch.gt, z, z.new_zeros(()), out=d),
            partial(d.mul_, SELU_SCALE - at_zero),
            partial(d.add_, at_zero),
            partial(torch.clamp_max, h, 0, out=below),
            partial(d.add_, below),
        ]
    return calls


ACTIVATION_CALLS: Final[Mapping[str, Callable[[Tensor, Tensor, Tensor | None], list[Call]]]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "selu": _selu,
}
"""Activation -> calls that fill h with its values at z and d, if given, with its slopes.

Shape:
    z, h, d: (K, B, H), contiguous and apart from one another.
"""


def prelu_calls(
    z: Tensor, h: Tensor, d: Tensor | None, slope: Tensor, negative: Tensor
) -> list[Call]:
    """As `ACTIVATION_CALLS`, for slopes that are learned; `negative` gets min(z, 0).

    Shape:
        z, h, d, negative: (K, B, H); slope: (K, 1, 1).
    """
    calls: list[Call] = [
        partial(torch.clamp_max, z, 0, out=negative),
        partial(torch.clamp_min, z, 0, out=h),
        partial(h.addcmul_, negative, slope),
    ]
    if d is not None:
        rest = torch.empty_like(slope)
        calls += [
            partial(torch.sub, slope.new_ones(()), slope, out=rest),
            partial(torch.gt, z, z.new_zeros(()), out=d),
            partial(d.mul_, rest),
            partial(d.add_, slope),
        ]
    return calls


def maxout_calls(z: Tensor, h: Tensor, first_share: Tensor | None) -> list[Call]:
    """The larger of two pieces; `first_share` gets the first one's share of the gradient.

    That is 1, 0, or 1/2 where the two are equal, as torch.maximum has it.

    Shape:
        z: (K, B, 2, H); h, first_share: (K, B, H).
    """
    first, second = z[:, :, 0], z[:, :, 1]
    calls: list[Call] = [partial(torch.maximum, first, second, out=h)]
    if first_share is not None:
        calls += [
            partial(torch.sub, first, second, out=first_share),
            partial(first_share.sign_),
            partial(first_share.add_, z.new_ones(())),
            partial(first_share.mul_, z.new_tensor(0.5)),
        ]
    return calls
