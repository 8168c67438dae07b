"""Where networks train and in which arithmetic: device, precision, automatic mixed precision.

Mixed precision computes products in half precision and keeps weights, losses and updates in
full. On NVIDIA GPUs since 2020 and on CPUs half means bfloat16, whose numbers reach as far as
float32's; float16's do not, so there the loss is scaled until its gradients fit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

CPU: Final = torch.device("cpu")

SCALER_STATE: Final = ("scale", "_growth_tracker")
"""What moves of torch.amp.GradScaler."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where networks train, and how they are computed.

    Attributes:
        dtype: of weights, losses and updates.
        amp: whether layers compute in half precision where torch.autocast holds that safe.
        channels_last: whether the filters of convolutions over images lie with the channels
            last in memory, which is what tensor cores read.
    """

    device: torch.device = CPU
    dtype: torch.dtype = torch.float32
    amp: bool = False
    channels_last: bool = False

    @property
    def half(self) -> torch.dtype:
        """The type of half precision."""
        has_none = self.device.type == "cuda" and not torch.cuda.is_bf16_supported(False)
        return torch.float16 if has_none else torch.bfloat16

    def arithmetic(self) -> contextlib.AbstractContextManager[object]:
        """In which a network is called."""
        if not self.amp:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.half)

    def bring(self, module: nn.Module) -> None:
        """Move a module here."""
        module.to(self.device, self.dtype)
        if self.channels_last:
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class LossScaler:
    """Keeps the gradients of float16 within its reach; elsewhere it does nothing.

    Source:
        Micikevicius et al. 2018, "Mixed precision training", arXiv 1710.03740, section 3.2;
        the scale moves as torch.amp.GradScaler's does.
    """

    def __init__(self, place: Place) -> None:
        is_needed = place.amp and place.half is torch.float16
        self._scaler = torch.amp.GradScaler(place.device.type) if is_needed else None

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Put the gradients of a loss beside the optimizer's parameters, unscaled."""
        if self._scaler is None:
            loss.backward()
            return
        scaled: Tensor = self._scaler.scale(loss)
        scaled.backward()
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update, unless a gradient was out of reach; then the scale is less from now on."""
        if self._scaler is None:
            optimizer.step()
            return
        self._scaler.step(optimizer)
        self._scaler.update()

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps; {} where nothing is scaled."""
        if self._scaler is None:
            return {}
        state = self._scaler.state_dict()
        return {f"scaler.{name}": torch.tensor(state[name]) for name in SCALER_STATE}

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Go on from what a checkpoint kept."""
        if self._scaler is not None and "scaler.scale" in kept:
            numbers = {name: kept[f"scaler.{name}"].item() for name in SCALER_STATE}
            self._scaler.load_state_dict(self._scaler.state_dict() | numbers)
