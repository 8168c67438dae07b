"""Trainers by name, made where they run: a name travels to a worker process, a class need not.

A name is "stacked", "plain", "objective", or the import path "package.module:Class" of a
`Trainer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from automl.data.dataset import Dataset
from automl.errors import ConfigError
from automl.models.family import find_family
from automl.stacked import native
from automl.stacked.native_build import Kernels
from automl.system.import_paths import imported
from automl.training.trainer import Trainer
from automl.wording.option_names import named

TRAINERS = {
    "stacked": "automl.stacked.trainer:StackedTrainer",
    "plain": "automl.training.plain:PlainTrainer",
    "objective": "automl.objectives.trainer:ObjectiveTrainer",
}


def trainer_for(family: str, wanted: str) -> str:
    """The name of the trainer of a family's networks.

    Where "stacked" is wanted it is the family's own, or the plain one if it has none.

    Raises:
        ConfigError: there is no such family.
    """
    return (find_family(family).stacked_trainer or "plain") if wanted == "stacked" else wanted


def trainer_class(name: str) -> type[Trainer]:
    """The class that a name stands for.

    Raises:
        ConfigError: there is none.
    """
    found: type[Trainer] = imported(name, TRAINERS, "trainer")
    return found


def make_trainer(
    name: str, dataset: Dataset, device: str, arithmetic: Mapping[str, bool] | None = None
) -> Trainer:
    """A trainer without runs.

    Args:
        arithmetic: keywords of `Place` that differ from its defaults.

    Raises:
        ConfigError: there is none of the name, or rows have weights of which it knows nothing.
    """
    check_weights(name, dataset)
    make: Callable[..., Trainer] = trainer_class(name)
    return make(dataset, device=device, **(arithmetic or {}))


def check_weights(name: str, dataset: Dataset) -> None:
    """Refuse a trainer that would leave out what rows weigh.

    Raises:
        ConfigError: rows have weights, and it does not say that it knows them.
    """
    if dataset.is_weighted and not trainer_class(name).knows_weights:
        raise ConfigError(
            f"a trainer must know what rows weigh where they have weights, but {name!r} does not "
            "say so; let it read Split.weights and set knows_weights, or search without "
            f"{named('weight')}"
        )


def kernels_for(trainer: str, devices: Sequence[str]) -> Kernels:
    """The compiled kernels that a trainer can use on these devices, found or built here."""
    if not trainer_class(trainer).uses_kernels or all(
        torch.device(device).type != "cpu" for device in devices
    ):
        return Kernels()
    return native.kernels(torch.float32)
