"""The updates of a training: losses, optimizers of torch, schedules of rates and regularization.

Weight decay and L1 act on the weights of layers, embeddings among them; some parameters have a
factor on their learning rate. Schedules are functions of the share of max_epochs that has passed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def make_optimizer(network: Any, training: Mapping[str, Any], name: str) -> Any:
    """An optimizer of torch; biases, factors and normalization have no weight decay."""
    groups = []
    first = next(each for each in network.modules() if isinstance(each, nn.Linear))
    for owner in network.modules():
        for own, parameter in owner.named_parameters(recurse=False):
            role = _rate_role(owner, own, is_first=owner is first)
            factor = 1.0 if role is None else training[f"{role}_rate_factor"]
            decay = training["weight_decay"] if is_weight(owner, own, parameter) else 0.0
            groups.append({"params": [parameter], "weight_decay": decay, "factor": factor,
                           "full_decay": decay})  # fmt: skip
    rate, momentum = training["learning_rate"], training["momentum"]
    betas = (0.9, training["adam_beta2"])
    match name:
        case "sgd":
            return torch.optim.SGD(groups, rate)
        case "momentum" | "nesterov":
            return torch.optim.SGD(groups, rate, momentum=momentum, nesterov=name == "nesterov")
        case "adagrad":
            return torch.optim.Adagrad(groups, rate)
        case "rmsprop":
            return torch.optim.RMSprop(groups, rate)
        case "adam":
            return torch.optim.Adam(groups, rate, betas=betas)
    return torch.optim.AdamW(groups, rate, betas=betas)


def is_weight(owner: nn.Module, name: str, parameter: Tensor) -> bool:
    """Whether weight decay and L1 act on a parameter."""
    is_normalization = isinstance(owner, nn.BatchNorm1d | nn.LayerNorm)
    return parameter.ndim >= 2 and not name.startswith("bias") and not is_normalization


def _rate_role(owner: nn.Module, name: str, *, is_first: bool) -> str | None:
    if name in ("input_gain", "mixing"):
        return {"input_gain": "input_scaling"}.get(name, name)
    if isinstance(owner, nn.Embedding):
        return "embedding"
    if isinstance(owner, nn.Linear):
        return "bias" if name == "bias" else "first_layer" if is_first else None
    return "encoding" if type(owner).__name__ == "NumericEncoding" else None


def flat_cosine(share: float) -> float:
    """1 for the first half, then half a cosine to 0."""
    return 0.5 * (1 + math.cos(math.pi * max(2 * share - 1, 0.0)))


def schedule_factor(name: str, share: float, decay: float) -> float:
    """The factor on the learning rate when so much of the longest training has passed."""
    match name:
        case "exponential":
            return float(10 ** (-share / decay))
        case "step":
            return float(10 ** -math.floor(share / decay + 1e-9))
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * share))
        case "one_cycle":
            is_rising = share < 0.3
            leg = share / 0.3 if is_rising else (share - 0.3) / 0.7
            low = 1 / 25 if is_rising else 1 / 25e4
            turn = math.cos(math.pi * leg)
            return low + (1 - low) * (1 - turn if is_rising else 1 + turn) / 2
        case "coslog":
            return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * share)))
        case "flat_cosine":
            return flat_cosine(share)
    return 1.0  # constant, and switch_to_sgd


def loss_of(
    name: str,
    outputs: Tensor,
    targets: Tensor,
    smoothing: float = 0.0,
    weights: Any = None,
    of_rows: Any = None,
) -> Tensor:
    """The mean loss by the weights of rows; smoothing and weights of classes are for training."""
    if name == "cross_entropy":
        losses = functional.cross_entropy(
            outputs, targets.long(), label_smoothing=smoothing, reduction="none"
        )
    elif name == "binary_cross_entropy":
        smooth = targets.to(outputs) + smoothing * (0.5 - targets.to(outputs))
        losses = functional.binary_cross_entropy_with_logits(
            outputs.squeeze(-1), smooth, reduction="none"
        )
    else:
        known = {"mean_squared": functional.mse_loss, "mean_absolute": functional.l1_loss}
        losses = known.get(name, functional.huber_loss)(
            outputs.squeeze(-1), targets.to(outputs), reduction="none"
        )
    if weights is not None:
        losses = losses * weights[targets.long()]
    return losses.mean() if of_rows is None else (losses * of_rows).mean()


def change_(network: Any, optimizer: Any, training: Mapping[str, Any], rate: float) -> None:
    """One update from the gradients that a network has: penalty, clip, step, limit of norms."""
    weights = [
        parameter
        for owner in network.modules()
        for name, parameter in owner.named_parameters(recurse=False)
        if is_weight(owner, name, parameter)
    ]
    if training["l1"]:
        for weight in weights:
            weight.grad.add_(weight.detach().sign(), alpha=training["l1"])
    if training["gradient_clip_norm"] is not None:
        nn.utils.clip_grad_norm_(network.parameters(), training["gradient_clip_norm"])
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    optimizer.step()
    if training["max_norm"] is None:
        return
    with torch.no_grad():  # Srivastava et al. 2014, section 5.1
        for each in network.modules():
            if isinstance(each, nn.Linear):
                norms = each.weight.norm(dim=1, keepdim=True).clamp(min=1e-30)
                each.weight.mul_((training["max_norm"] / norms).clamp(max=1.0))
