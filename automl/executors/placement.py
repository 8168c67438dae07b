"""Which worker trains which run: even loads, and runs that share a stack together.

Runs that take the same steps train as one stack, which pays its calls only once. So a run
adds less to a worker that has such a stack already, and each goes where the load is least
once it is there, the costly ones first (the longest-processing-time rule: Graham 1969). The
estimates need only be in proportion; nothing that is computed depends on them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from automl.data.dataset import Dataset
from automl.models.mlp.config import input_size
from automl.stacked.planning import COST, stack_key
from automl.training.config import RunConfig


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run adds to a worker's round, in seconds; rough, but in the right proportions."""

    stack: Hashable  # runs of one stack share `shared`; None: with nobody
    shared: float
    own: float


def run_cost(run: RunConfig, dataset: Dataset, *, is_stacked: bool) -> RunCost:
    """The cost of an epoch of a run."""
    key = stack_key(run, dataset)
    n_steps = math.ceil(key.n_train_rows / key.batch_size)
    shared = n_steps * (COST.step + COST.layer * run.model.n_layers)
    own = n_steps * _arithmetic(run, dataset, key.batch_size)
    return RunCost(key, shared, own) if is_stacked else RunCost(None, 0.0, own + shared)


def place(costs: Sequence[RunCost], placed: Sequence[Sequence[RunCost]]) -> list[int]:
    """The worker of each run.

    Args:
        costs: of the runs to place.
        placed: of the runs that each worker has already.
    """
    loads = [_Load() for _ in placed]
    for load, of_worker in zip(loads, placed, strict=True):
        for cost in of_worker:
            load.add(cost)
    workers = [0] * len(costs)
    for index in sorted(range(len(costs)), key=lambda index: -costs[index].own):
        after = [load.seconds_with(costs[index]) for load in loads]
        workers[index] = after.index(min(after))
        loads[workers[index]].add(costs[index])
    return workers


@dataclass(slots=True)
class _Load:
    """Seconds of a worker's round; a stack pays for the calls of its deepest run."""

    own: float = 0.0
    shared: dict[Hashable, float] = field(default_factory=dict)

    def seconds_with(self, cost: RunCost) -> float:
        has = self.shared.get(cost.stack, 0.0)
        return self.own + cost.own + sum(self.shared.values()) + max(0.0, cost.shared - has)

    def add(self, cost: RunCost) -> None:
        self.own += cost.own
        self.shared[cost.stack] = max(cost.shared, self.shared.get(cost.stack, 0.0))


def _arithmetic(run: RunConfig, dataset: Dataset, batch_size: int) -> float:
    """Seconds of a step's products, activations and updates in the hidden layers."""
    fold = dataset.folds[run.fold]
    seconds, n_in = 0.0, input_size(fold.encoding.n_features, fold.encoding.cardinalities)
    for size in run.model.hidden_sizes:
        width = size * run.model.pieces
        seconds += 6 * batch_size * n_in * width * COST.operation
        seconds += batch_size * width * COST.activation + n_in * width * COST.parameter
        n_in = size
    return seconds
