"""The layers of any module, found as it is called: what verdicts on gradients look at.

A layer is a module with weights of its own that multiply its inputs, such as a linear map or a
convolution. A module such as `nn.ReLU` that is called next is the layer's activation. Hooks see
them in the order of execution; functions, such as `torch.relu`, cannot be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from torch import Tensor, nn

from automl.models.parameter_roles import penalized

ACTIVATIONS: Final[Mapping[type[nn.Module], str]] = {
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    nn.LeakyReLU: "leaky_relu",
    nn.PReLU: "prelu",
    nn.ELU: "elu",
    nn.GELU: "gelu",
    nn.SiLU: "silu",
    nn.Mish: "mish",
    nn.SELU: "selu",
}
"""Modules whose outputs are taken for the activations of the layer before them."""

NORMALIZED_FIRST: Final = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
    nn.Identity,
)
"""What may come between a layer and its activation."""


@dataclass(frozen=True, slots=True)
class LayerSignal:
    """What passed through one layer, once.

    Shape:
        activations: (B, ...), units along `unit_dimension`.
    """

    name: str
    weights: tuple[Tensor, ...]
    activations: Tensor
    activation: str = ""  # "tanh" and "sigmoid" saturate, units of "relu" can die
    unit_dimension: int = -1


def trace_layers(
    module: nn.Module, arguments: Sequence[Tensor]
) -> tuple[Any, tuple[LayerSignal, ...]]:
    """Call a module, in the mode that it is in, and look at its layers.

    Returns:
        its outputs, and its layers in the order of execution. Embeddings are none: they are
        inputs. A layer that is called several times counts as it is called first.
    """
    recorder = _Recorder()
    hooks = [
        each.register_forward_hook(partial(recorder.heard, name))
        for name, each in module.named_modules()
        if name and (type(each) in ACTIVATIONS or _weights_of(each))
    ]
    hooks += [
        each.register_forward_pre_hook(recorder.interrupted)
        for each in module.modules()
        if not list(each.children())
        and type(each) not in ACTIVATIONS
        and not isinstance(each, NORMALIZED_FIRST)
    ]
    try:
        outputs = module(*arguments)
    finally:
        for hook in hooks:
            hook.remove()
    return outputs, tuple(recorder.layers)


class _Recorder:
    """Hears of calls, one after the other."""

    def __init__(self) -> None:
        self.layers: list[LayerSignal] = []
        self._names: set[str] = set()
        self._is_fresh = False  # whether an activation would be that of the last layer

    def interrupted(self, *_: Any) -> None:
        """Something is called that is no activation."""
        self._is_fresh = False

    def heard(self, name: str, module: nn.Module, _: Any, outputs: Any) -> None:
        """A layer or an activation has been called."""
        values = outputs[0] if isinstance(outputs, tuple) and outputs else outputs
        if not isinstance(values, Tensor):
            return
        if kind := ACTIVATIONS.get(type(module)):
            if self._is_fresh:
                last = self.layers.pop()
                self.layers.append(replace(last, activations=values, activation=kind))
            self._is_fresh = False
        elif name not in self._names:
            self._names.add(name)
            dimension = 1 if isinstance(module, nn.modules.conv._ConvNd) else -1
            weights = tuple(_weights_of(module))
            self.layers.append(LayerSignal(name, weights, values, unit_dimension=dimension))
            self._is_fresh = True


def _weights_of(module: nn.Module) -> list[nn.Parameter]:
    """The weights of the layer that a module is itself; [] if it is none."""
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return []
    return [weight for weight in penalized(module, recurse=False) if weight.requires_grad]
