"""Trainers by name, made where they run: a name travels to a worker process, a class need not.

A name is "stacked", "plain", or the import path "package.module:Class" of a `Trainer`.
"""

from __future__ import annotations

import importlib

from automl.data.dataset import Dataset
from automl.errors import ConfigError
from automl.training.trainer import Trainer

TRAINERS = {
    "stacked": "automl.training.stacked:StackedTrainer",
    "plain": "automl.training.plain:PlainTrainer",
}


def make_trainer(name: str, dataset: Dataset, device: str) -> Trainer:
    """A trainer without runs."""
    path = TRAINERS.get(name, name)
    module_name, colon, class_name = path.partition(":")
    if not colon:
        raise ConfigError(
            f"trainer must be one of {', '.join(TRAINERS)} or package.module:Class, "
            f"but got {name!r}"
        )
    trainer_class = getattr(importlib.import_module(module_name), class_name)
    trainer: Trainer = trainer_class(dataset, device=device)
    return trainer
