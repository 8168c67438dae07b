"""Trainers by name, made where they run: a name travels to a worker process, a class need not.

A name is "stacked", "plain", or the import path "package.module:Class" of a `Trainer`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch

from automl.data.dataset import Dataset
from automl.errors import ConfigError
from automl.training.trainer import Trainer

TRAINERS = {
    "stacked": "automl.training.stacked:StackedTrainer",
    "plain": "automl.training.plain:PlainTrainer",
}


def trainer_class(name: str) -> Callable[..., Trainer]:
    """The class that a name stands for.

    Raises:
        ConfigError: there is none.
    """
    module_name, colon, class_name = TRAINERS.get(name, name).partition(":")
    if not colon:
        raise ConfigError(
            f"trainer must be one of {', '.join(TRAINERS)} or package.module:Class, "
            f"but got {name!r}"
        )
    found: Callable[..., Trainer] = getattr(importlib.import_module(module_name), class_name)
    return found


def check_device(device: str) -> None:
    """Refuse a device that torch does not see here.

    Raises:
        ConfigError: there is no such device.
    """
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"a device is named like cpu or cuda:0, but got {device!r}") from error
    n_devices = torch.cuda.device_count()
    if wanted.type == "cuda" and (wanted.index or 0) >= n_devices:
        raise ConfigError(
            f"a device must be there, but got {device!r} and torch sees {n_devices} CUDA devices"
        )


def make_trainer(name: str, dataset: Dataset, device: str) -> Trainer:
    """A trainer without runs."""
    return trainer_class(name)(dataset, device=device)
