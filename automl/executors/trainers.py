"""Trainers by name, made where they run: a name travels to a worker process, a class need not.

A name is "stacked", "plain", or the import path "package.module:Class" of a `Trainer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from automl.data.dataset import Dataset
from automl.stacked import native
from automl.stacked.native_build import Kernels
from automl.system.import_paths import imported
from automl.training.trainer import Trainer

TRAINERS = {
    "stacked": "automl.stacked.trainer:StackedTrainer",
    "plain": "automl.training.plain:PlainTrainer",
}


def trainer_class(name: str) -> Callable[..., Trainer]:
    """The class that a name stands for.

    Raises:
        ConfigError: there is none.
    """
    found: Callable[..., Trainer] = imported(name, TRAINERS, "trainer")
    return found


def make_trainer(name: str, dataset: Dataset, device: str) -> Trainer:
    """A trainer without runs."""
    return trainer_class(name)(dataset, device=device)


def kernels_for(trainer: str, devices: Sequence[str]) -> Kernels:
    """The compiled kernels that a trainer can use on these devices, found or built here."""
    if trainer == "plain" or all(torch.device(device).type != "cpu" for device in devices):
        return Kernels()
    return native.kernels(torch.float32)
