"""Which worker trains which run: even loads, and runs that share a stack together.

Runs of one batch size train as one stack, whose steps cost little more than one run's. So a
run adds less to a worker that has such a stack already, and each goes where the load is
least once it is there, the costly ones first (the longest-processing-time rule: Graham 1969).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from automl.data.dataset import Dataset
from automl.training.config import RunConfig
from automl.training.stack_planning import stack_key

SECONDS_PER_STEP = 5e-4
"""What a step costs whatever is in it: dispatch of some hundred operators, 2 to 5 us each."""

SECONDS_PER_RUN_STEP = 2e-5
"""What a further small run adds to a stack's step: (58 us - 500 us / 32) halved, at K = 32."""

SECONDS_PER_PARAMETER_STEP = 1e-9
"""The optimizer's pass over parameters, moments and gradients."""

FLOPS_PER_SECOND = 8e10
"""Matrix products of one core, measured with `torch.bmm` at widths from 64."""


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run adds to a worker's round, in seconds; rough, but in the right proportions."""

    stack: Hashable  # runs of one stack share `shared`; None: with nobody
    shared: float
    own: float


def run_cost(run: RunConfig, dataset: Dataset, *, is_stacked: bool) -> RunCost:
    """The cost of an epoch of a run."""
    fold = dataset.folds[run.fold]
    n_rows = (
        len(fold.train) if run.rows is None else max(1, round(len(fold.train) * run.rows.fraction))
    )
    batch_size = min(run.training.batch_size or n_rows, n_rows)
    n_steps = math.ceil(n_rows / batch_size)
    n_weights = _n_weights(run, fold.n_features)
    per_step = SECONDS_PER_RUN_STEP + n_weights * SECONDS_PER_PARAMETER_STEP
    own = n_steps * per_step + 6 * n_rows * n_weights / FLOPS_PER_SECOND
    shared = n_steps * SECONDS_PER_STEP
    if not is_stacked:
        return RunCost(None, 0.0, own + shared)
    return RunCost(stack_key(run, dataset), shared, own)


def place(costs: Sequence[RunCost], placed: Sequence[Sequence[RunCost]]) -> list[int]:
    """The worker of each run.

    Args:
        costs: of the runs to place.
        placed: of the runs that each worker has already.
    """
    loads = [_load(of_worker) for of_worker in placed]
    stacks = [{cost.stack for cost in of_worker} for of_worker in placed]
    workers = [0] * len(costs)
    for index in sorted(range(len(costs)), key=lambda index: -costs[index].own):
        cost = costs[index]
        after = [
            load + cost.own + (cost.shared if cost.stack not in has else 0.0)
            for load, has in zip(loads, stacks, strict=True)
        ]
        worker = after.index(min(after))
        loads[worker] = after[worker]
        stacks[worker].add(cost.stack)
        workers[index] = worker
    return workers


def _load(costs: Sequence[RunCost]) -> float:
    """Seconds of a round of these runs."""
    shared = {cost.stack: cost.shared for cost in costs if cost.stack is not None}
    return sum(cost.own for cost in costs) + sum(shared.values())


def _n_weights(run: RunConfig, n_features: int) -> int:
    """Weights of the hidden layers, near enough: the output layer is small beside them."""
    width = run.model.hidden_size
    return n_features * width + (run.model.n_layers - 1) * width * width
