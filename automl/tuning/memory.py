"""What a search will use of memory, known before it begins.

The estimate is of the worst case: all slots taken by a network that has the most of everything
that the space allows (layers, units, maxout's two pieces, members, normalization, rows of a
batch), each by itself, and the rows in all scalings. What such a network takes is estimated by
the trainer of its family; of a person's own nobody knows. Slots are halved until it fits into half
of what the machine has: what is free at the moment would make a search that is repeated another
one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from automl.data.dataset import Dataset
from automl.executors.trainers import trainer_class, trainer_for
from automl.models.family import find_family
from automl.training.config import RunConfig, configure
from automl.training.trainer import Trainer
from automl.tuning.stacking import MIN_SLOTS, most_unfinished
from search_spaces import SearchSpace
from search_spaces.hyperparameter import Role
from storage.records import ParameterValue

SIZES: tuple[Role, ...] = ("depth", "width", "batch size", "encoding")
"""Roles of the numbers that memory grows with."""

IN_TABLES: tuple[Role, ...] = ("scaling", "target")
"""Roles of what each value of has rows of its own."""

EMBEDDING = "embedding_size"
"""Which of its values takes the most depends on how many categories there are."""

AVERAGING = "weight_averaging"
"""What holds a number more per parameter, unless it is "none"."""

MEMBERS = "n_members"
"""How many times as many rows pass through the layers of a perceptron."""

SHARE_OF_MEMORY = 0.5
"""The other half stays for what else the machine does, and for what the estimate does not see."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How many trials train at once, and what they take at most."""

    n_slots: int  # 0: they grow with the study, see `stacking.py`
    n_bytes: int | None  # of all together, beside data and libraries, if known

    @property
    def n_trials(self) -> int:
        """How many trials train at once at most, those that are ready included."""
        return most_unfinished(self.n_slots)

    def __str__(self) -> str:
        most = f", at most {self.n_bytes / 2**20:.0f} MB of memory" if self.n_bytes else ""
        return f"up to {self.n_trials} trials at once{most}"


def plan_memory(
    space: SearchSpace, dataset: Dataset, *, n_slots: int, n_trainers: int, n_bytes: int | None
) -> MemoryPlan:
    """Estimate the worst case, and halve the slots until it fits.

    Args:
        n_slots: trials that should advance together; 0: as many as `stacking.py` says.
        n_trainers: among which they may be divided.
        n_bytes: what the machine has; None where it does not say.
    """
    if not find_family(space.family).is_trusted:
        return MemoryPlan(n_slots, None)
    runs, trainer = largest_runs(space, dataset), _trainer(space.family)
    while True:
        n_trials = most_unfinished(n_slots)
        n_needed = trainer.most_bytes(runs, dataset, n_trials=n_trials, n_trainers=n_trainers)
        if n_slots == 1 or _fits(n_needed, n_bytes):
            return MemoryPlan(n_slots, n_needed)
        n_slots = max(1, n_slots // 2) if n_slots else MIN_SLOTS


def in_waves(
    runs: Sequence[RunConfig], dataset: Dataset, *, free_bytes: int | None
) -> list[range]:
    """Places of runs that may train at once: all, or as many as fit into what is free.

    Args:
        runs: of one family.
        free_bytes: what the machine has left; None where it does not say.
    """
    places = range(len(runs))
    if len(runs) < 2 or _fits(_trainer(runs[0].family).n_bytes(runs, dataset), free_bytes):
        return [places]
    half = len(runs) // 2
    first = in_waves(runs[:half], dataset, free_bytes=free_bytes)
    second = in_waves(runs[half:], dataset, free_bytes=free_bytes)
    return [*first, *(range(wave.start + half, wave.stop + half) for wave in second)]


def _trainer(family: str) -> type[Trainer]:
    return trainer_class(trainer_for(family, "stacked"))


def _fits(n_needed: int | None, n_bytes: int | None) -> bool:
    """Whether it fits as far as anybody knows."""
    if n_needed is None or n_bytes is None:
        return True
    return n_needed <= SHARE_OF_MEMORY * n_bytes


def largest_runs(space: SearchSpace, dataset: Dataset) -> list[RunConfig]:
    """A trial with the most of everything, on each fold.

    There is one in each scaling and target transform, and with each size of embeddings.
    """
    many = [
        name
        for name, one in space.hyperparameters.items()
        if one.role in IN_TABLES or name == EMBEDDING
    ]
    choices = [[(name, value) for value in _values(space, name)] for name in many]
    return [
        replace(largest_run(space, dict(scaled)), fold=fold)
        for fold in range(len(dataset.folds))
        for scaled in itertools.product(*choices)
    ]


def largest_run(
    space: SearchSpace, params: Mapping[str, ParameterValue] | None = None
) -> RunConfig:
    """A run of the largest network and batch that the space allows.

    Args:
        params: what it has beside.
    """
    largest = {
        name: _largest(space, name)
        for name, one in space.hyperparameters.items()
        if (one.role in SIZES or name == MEMBERS) and _values(space, name)
    }
    averaging = [value for value in _values(space, AVERAGING) if value != "none"]
    if averaging:  # any number of epochs takes as much
        largest[AVERAGING] = averaging[0]
    for name, choices in find_family(space.family).most_memory.items():
        possible = _values(space, name)
        largest[name] = next((one for one in choices if one in possible), possible[0])
    model, training = configure(
        {**space.complete({}), **largest, **(params or {})},
        family=space.family,
        max_epochs=1,
        patience=1,
    )
    return RunConfig(0, 0, space.family, model, training, seed=0)


def _largest(space: SearchSpace, name: str) -> ParameterValue:
    values = _values(space, name)
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values):
        return max(numbers)
    return "full" if "full" in values else values[0]  # all rows: more than any number


def _values(space: SearchSpace, name: str) -> tuple[ParameterValue, ...]:
    """The values that a trial may have, of a range its ends; the default where it has none."""
    parameter, default = space.parameters.get(name), space.hyperparameters[name].default
    if parameter is None:
        return (default,)
    stated = [value for values in parameter.stated_values.values() for value in values]
    return (*stated, default) if parameter.when else tuple(stated)
