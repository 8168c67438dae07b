"""Averages of a run's weights over its last updates: what is measured, kept and handed over.

Training itself goes on with the weights as they are; the averages follow them. Noise of single
updates averages out, as it does under a decaying learning rate. All that training changes in a
network is averaged, the running statistics of batch normalization with the same weights as the
parameters that they were measured under; whole numbers and switches are as they are now.

Sources:
    Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging"; Izmailov et
    al. 2018, "Averaging weights leads to wider optima and better generalization", here with
    weights that fall exponentially instead of equal ones.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from automl.training.config import TrainingConfig
from automl.training.schedules import Array


def averaging_weights(
    training: TrainingConfig, steps_per_epoch: int, first_step: int, n_steps: int
) -> Array:
    """How far the averages go towards the weights after each of the next updates.

    After update i (from 1) it is (1 - b) / (1 - b^i) with b = exp(-1 / (weight_averaging x
    steps_per_epoch)): an exponential average that leaves out what was before the first update,
    corrected as Adam's moments are (Kingma & Ba 2015, section 3). So the first one is 1, and all
    are where nothing is averaged.

    Args:
        first_step: updates that the run has done.

    Shape:
        result: (n_steps,) float64, each above 0 and at most 1.
    """
    if training.weight_averaging is None:
        return np.ones(n_steps)
    rate = -1 / (training.weight_averaging * steps_per_epoch)
    updates = np.arange(first_step + 1, first_step + n_steps + 1, dtype=np.float64)
    weights: Array = np.expm1(rate) / np.expm1(rate * updates)
    return weights


class AveragedWeights:
    """The averages of a network's parameters and buffers."""

    def __init__(self, module: nn.Module, before: Mapping[str, Tensor] | None = None) -> None:
        """Begin at a checkpoint's averages, else at zeros, of which an update leaves none."""
        self._module = module
        self._averages = {
            name: torch.zeros_like(values) for name, values in _numbers(module).items()
        }
        if before is not None:
            for name, values in self._averages.items():
                values.copy_(before[name])

    @torch.no_grad()
    def add(self, weight: float) -> None:
        """Take the network's weights in, after an update; see `averaging_weights`."""
        now = _numbers(self._module)
        torch._foreach_lerp_(
            list(self._averages.values()), [now[name] for name in self._averages], weight
        )

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """The network with the averages in place of its own weights, for as long as it takes."""
        own = {name: values.clone() for name, values in _numbers(self._module).items()}
        _set(self._module, self._averages)
        try:
            yield
        finally:
            _set(self._module, own)


def _numbers(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers that can be averaged, as they lie in the network."""
    return {
        name: values.detach()
        for name, values in module.state_dict().items()
        if values.is_floating_point()
    }


def _set(module: nn.Module, numbers: Mapping[str, Tensor]) -> None:
    for name, values in _numbers(module).items():
        values.copy_(numbers[name])
