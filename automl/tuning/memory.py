"""What a search will use of memory, known before it begins.

The estimate is of the worst case: all slots taken by a network that has the most of everything
that the space allows (layers, units, maxout's two pieces, normalization, rows of a batch), each
in a stack of its own, and the rows in all scalings. No search of the space takes more by the
estimate of `stacked/memory.py`. Slots are halved until that fits into what is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from automl.data.dataset import Dataset
from automl.models.family import find_family
from automl.stacked.memory import memory_bytes, most_bytes
from automl.training.config import RunConfig, configure
from automl.wording.counts import count
from search_spaces import SearchSpace
from search_spaces.hyperparameters import hyperparameter
from storage.records import ParameterValue

MOST_FIRST: Mapping[str, tuple[str, ...]] = {
    "activation": ("maxout", "prelu"),
    "normalization": ("batch_norm", "layer_norm"),
}
"""The choices that take memory beside the network's size, those that take the most first."""

SHARE_OF_FREE_MEMORY = 0.5
"""The other half stays for what else the machine does, and for what the estimate does not see."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How many trials train at once, and what they take at most."""

    n_slots: int
    n_stacks: int
    n_bytes: int | None  # of all stacks, beside data, interpreter and libraries, if known

    def __str__(self) -> str:
        workers = count(self.n_stacks, "worker")
        most = f", at most {self.n_bytes / 2**20:.0f} MB of memory" if self.n_bytes else ""
        return f"up to {self.n_slots} trials at once, {workers}{most}"


def plan_memory(
    space: SearchSpace, dataset: Dataset, *, n_slots: int, n_stacks: int, free_bytes: int | None
) -> MemoryPlan:
    """Estimate the worst case, and halve the slots until it fits.

    Args:
        n_slots: trials that should train at once, over all stacks.
        free_bytes: what the machine has left; None where it does not say.
    """
    if find_family(space.family).stacked_trainer is None:
        return MemoryPlan(n_slots, n_stacks, None)
    runs = largest_runs(space, dataset)
    while True:
        n_bytes = most_bytes(runs, dataset, n_trials=n_slots, n_trainers=n_stacks)
        fits = free_bytes is None or n_bytes <= SHARE_OF_FREE_MEMORY * free_bytes
        if n_slots == 1 or fits:
            return MemoryPlan(n_slots, n_stacks, n_bytes)
        n_slots = max(1, n_slots // 2)


def in_waves(
    runs: Sequence[RunConfig], dataset: Dataset, *, free_bytes: int | None
) -> list[range]:
    """Places of runs that may train at once: all, or as many as fit into what is free.

    Args:
        free_bytes: what the machine has left; None where it does not say.
    """
    places = range(len(runs))
    fits = free_bytes is None or memory_bytes(runs, dataset) <= SHARE_OF_FREE_MEMORY * free_bytes
    if fits or len(runs) < 2:
        return [places]
    half = len(runs) // 2
    first = in_waves(runs[:half], dataset, free_bytes=free_bytes)
    second = in_waves(runs[half:], dataset, free_bytes=free_bytes)
    return [*first, *(range(wave.start + half, wave.stop + half) for wave in second)]


def largest_runs(space: SearchSpace, dataset: Dataset) -> list[RunConfig]:
    """A trial with the most of everything, on each fold, in each scaling."""
    largest = largest_run(space)
    return [
        replace(largest, fold=fold, model=replace(largest.model, scaling=str(scaling)))
        for fold in range(len(dataset.folds))
        for scaling in _values(space, "scaling")
    ]


def largest_run(space: SearchSpace) -> RunConfig:
    """A run of the largest network and batch that the space allows."""
    params = {name: _largest(space, name) for name in ("n_layers", "hidden_size", "batch_size")}
    for name, choices in MOST_FIRST.items():
        possible = _values(space, name)
        params[name] = next((one for one in choices if one in possible), possible[0])
    model, training = configure(params, family=space.family, max_epochs=1, patience=1)
    return RunConfig(0, 0, space.family, model, training, seed=0)


def _largest(space: SearchSpace, name: str) -> ParameterValue:
    values = _values(space, name)
    numbers = [value for value in values if isinstance(value, int | float)]
    return max(numbers) if len(numbers) == len(values) else "full"  # all rows: more than any


def _values(space: SearchSpace, name: str) -> tuple[ParameterValue, ...]:
    """The values that a trial may have, of a range its ends; the default where it has none."""
    parameter, default = space.parameters.get(name), hyperparameter(name).default
    if parameter is None:
        return (default,)
    stated = [value for values in parameter.stated_values.values() for value in values]
    return (*stated, default) if parameter.when else tuple(stated)
