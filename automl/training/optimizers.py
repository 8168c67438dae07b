"""The optimizers of the plain trainer: torch.optim, and what happens around its step.

Weight decay and L1 act on the weights of layers, embeddings among them, not on biases,
normalization or slopes of activations (`penalized` says which these are). Some parameters have a
factor on their learning rate (`rate_roles`), also in adamw's decay. One update is, in this order:
gradient of the objective, plus l1 x sign(w), clipped by its global norm; torch.optim's step, which
adds weight_decay x w (adamw: decoupled); then each unit's incoming weights are pulled back to
length max_norm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from automl.models.parameter_roles import incoming_weights, penalized, rate_roles, trainable
from automl.training.config import TrainingConfig

MOMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "sgd": {},
    "momentum": {"first_moment": "momentum_buffer"},
    "nesterov": {"first_moment": "momentum_buffer"},
    "adagrad": {"second_moment": "sum"},
    "rmsprop": {"second_moment": "square_avg"},
    "adam": {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
    "adamw": {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
}
"""Optimizer -> a checkpoint's name of a moment -> torch.optim's name."""

ADAM_BETA1: Final = 0.9
"""Share of the mean gradient that an update of Adam keeps: Kingma & Ba 2015, algorithm 1."""

CLIP_EPSILON: Final = 1e-6
"""Keeps the clip's quotient finite; the value of torch.nn.utils.clip_grad_norm_."""


def make_optimizer(name: str, training: TrainingConfig, model: nn.Module) -> torch.optim.Optimizer:
    """The torch.optim optimizer of a run; coefficients beside these are torch's defaults.

    Adam: the first beta is 0.9 (Kingma & Ba 2015). RMSprop: alpha 0.99. Adagrad: epsilon 1e-10.
    The learning rate is set before every step, see `set_learning_rate`.
    """
    groups = _groups(model, training)
    learning_rate = training.learning_rate
    # fused: one pass over memory per update; rmsprop has no such kernel
    if name == "sgd":
        return torch.optim.SGD(groups, learning_rate, fused=True)
    if name in ("momentum", "nesterov"):
        nesterov = name == "nesterov"
        optimizer = torch.optim.SGD(
            groups, learning_rate, momentum=training.momentum, nesterov=nesterov, fused=True
        )
        # Where a parameter is first used later than others torch would miss its buffer.
        for parameter in trainable(model):
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        return optimizer
    if name == "adagrad":
        on_cpu = next(model.parameters()).device.type == "cpu"  # CUDA has no fused Adagrad
        return torch.optim.Adagrad(groups, learning_rate, fused=on_cpu, foreach=not on_cpu)
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, learning_rate, foreach=True)
    betas = (ADAM_BETA1, training.adam_beta2)
    if name == "adam":
        return torch.optim.Adam(groups, learning_rate, betas=betas, fused=True)
    return torch.optim.AdamW(groups, learning_rate, betas=betas, fused=True)


def _groups(module: nn.Module, training: TrainingConfig) -> list[dict[str, Any]]:
    """Parameters by their weight decay and the factor on their learning rate."""
    weights, roles = set(map(id, penalized(module))), rate_roles(module)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in trainable(module):
        role = roles.get(id(parameter))
        factor = 1.0 if role is None else training.rate_factors[role]
        decay = training.weight_decay if id(parameter) in weights else 0.0
        groups.setdefault((decay, factor), []).append(parameter)
    return [
        {"params": some, "weight_decay": decay, "full_decay": decay, "rate_factor": factor}
        for (decay, factor), some in sorted(groups.items(), key=lambda group: -group[0][0])
    ]


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Set the step length of the next update, for each group by its factor."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["rate_factor"]


def set_regularization(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set the weight decay of the next updates to so much of the whole."""
    for group in optimizer.param_groups:
        group["weight_decay"] = group["full_decay"] * factor


def add_l1_(weights: Sequence[nn.Parameter], l1: float) -> None:
    """Add the subgradient of l1 x sum |w| to the gradients, in place; sign(0) is 0."""
    for weight in weights:
        if weight.grad is not None:
            weight.grad.add_(weight.detach().sign(), alpha=l1)


def gradient_norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    """The Euclidean norm of the whole gradient, () on its device."""
    norms = torch.stack(torch._foreach_norm(_gradients(parameters)))
    norm: Tensor = torch.linalg.vector_norm(norms)
    return norm


def clip_(parameters: Sequence[nn.Parameter], norm: Tensor, clip_norm: float) -> None:
    """Scale the gradient to norm `clip_norm` if its norm is larger, in place.

    Source:
        Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
        networks", algorithm 1.
    """
    factor = (clip_norm / (norm + CLIP_EPSILON)).clamp(max=1.0)
    torch._foreach_mul_(_gradients(parameters), factor)


def _gradients(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


@torch.no_grad()
def limit_norms_(module: nn.Module, max_norm: float) -> None:
    """Pull each unit's incoming weights back to length max_norm if they are longer, in place.

    A unit is one of a linear map, or a filter of a convolution.

    Source:
        Srivastava et al. 2014, "Dropout", section 5.1 (max-norm regularization).
    """
    for weight, inputs in incoming_weights(module):
        norms = torch.linalg.vector_norm(weight, dim=inputs, keepdim=True)
        weight.mul_((max_norm / norms.clamp(min=1e-30)).clamp(max=1.0))


def read_moments(
    name: str, optimizer: torch.optim.Optimizer, module: nn.Module, step: int
) -> dict[str, Tensor]:
    """The optimizer's moments as "<moment>.<parameter>" on the CPU.

    A parameter that was not used in each of the steps, as in layers that are skipped at random,
    has had fewer updates: they are kept as "n_updates.<parameter>".
    """
    moments = {}
    for parameter_name, parameter in module.named_parameters():
        state = optimizer.state.get(parameter, {})
        for moment, key in MOMENTS[name].items():
            if state.get(key) is not None:
                values = state[key].detach().cpu()
                moments[f"{moment}.{parameter_name}"] = values.clone(
                    memory_format=torch.contiguous_format
                )
        if "step" in state and int(state["step"]) != step:
            moments[f"n_updates.{parameter_name}"] = torch.as_tensor(state["step"]).cpu().clone()
    return moments


def write_moments(
    name: str,
    optimizer: torch.optim.Optimizer,
    module: nn.Module,
    moments: Mapping[str, Tensor],
    step: int,
) -> None:
    """Give an optimizer the moments of a checkpoint, taken after `step` updates."""
    for parameter_name, parameter in module.named_parameters():
        kept = {
            key: moments[f"{moment}.{parameter_name}"]
            for moment, key in MOMENTS[name].items()
            if f"{moment}.{parameter_name}" in moments
        }
        if not kept:
            continue  # never updated
        state = optimizer.state[parameter]
        for key, values in kept.items():
            state[key] = torch.empty_like(parameter).copy_(values)
        if "first_moment" not in MOMENTS[name] or "second_moment" in MOMENTS[name]:
            n_updates = float(moments.get(f"n_updates.{parameter_name}", step))
            state["step"] = torch.tensor(n_updates, device=_step_device(name, parameter))


def _step_device(name: str, parameter: nn.Parameter) -> torch.device:
    """Where torch keeps its count of steps: beside the parameter in fused kernels only."""
    is_fused = name not in ("rmsprop", "adagrad")  # adagrad: on the CPU, which is the same
    return parameter.device if is_fused else torch.device("cpu")
