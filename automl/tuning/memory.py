"""What a search will use of memory, known before it begins.

The estimate is of the worst case: all slots taken by the largest network that the space
allows, at its largest batch. Slots are halved until that fits into what is free.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.data.dataset import Dataset
from automl.training.config import RunConfig, configure
from automl.training.stack_memory import memory_bytes
from search_spaces import CategoricalParameter, FixedParameter, IntParameter, SearchSpace
from storage.records import ParameterValue

SHARE_OF_FREE_MEMORY = 0.5
"""The other half stays for what else the machine does, and for what the estimate does not see."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How many trials train at once, and what they take at most."""

    n_slots: int
    n_stacks: int
    n_bytes: int  # of all stacks together, beside the data, interpreter and libraries

    def __str__(self) -> str:
        workers = "1 worker" if self.n_stacks == 1 else f"{self.n_stacks} workers"
        return (
            f"up to {self.n_slots} trials at once, {workers}, "
            f"at most {self.n_bytes / 2**20:.0f} MB of memory"
        )


def plan_memory(
    space: SearchSpace, dataset: Dataset, *, n_slots: int, n_stacks: int, free_bytes: int | None
) -> MemoryPlan:
    """Estimate the worst case, and halve the slots until it fits.

    Args:
        n_slots: trials that should train at once, over all stacks.
        free_bytes: what the machine has left; None where it does not say.
    """
    while True:
        run = largest_run(space)
        per_stack = -(-n_slots // n_stacks) * len(dataset.folds)
        n_bytes = n_stacks * memory_bytes([run] * per_stack, dataset)
        fits = free_bytes is None or n_bytes <= SHARE_OF_FREE_MEMORY * free_bytes
        if n_slots == 1 or fits:
            return MemoryPlan(n_slots, n_stacks, n_bytes)
        n_slots = max(1, n_slots // 2)


def largest_run(space: SearchSpace) -> RunConfig:
    """A run of the largest network and batch that the space allows."""
    params = {
        name: _largest(space, name)
        for name in ("n_layers", "hidden_size", "batch_size")
        if name in space.parameters
    }
    model, training = configure(params, max_epochs=1, patience=1)
    return RunConfig(run_id=0, trial_number=0, model=model, training=training, seed=0)


def _largest(space: SearchSpace, name: str) -> ParameterValue:
    parameter = space.parameters[name]
    if isinstance(parameter, IntParameter):
        return parameter.high
    if isinstance(parameter, FixedParameter):
        return parameter.value
    choices = parameter.choices if isinstance(parameter, CategoricalParameter) else ()
    return "full" if "full" in choices else max(int(choice or 0) for choice in choices)
