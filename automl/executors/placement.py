"""Which worker trains which run: even loads.

Each run goes where the load is least once it is there, the costly ones first (the
longest-processing-time rule: Graham 1969). Where runs of a trainer share calls, as its `cost`
says, a run adds less to a worker that has such runs already; none of this project's does: its
kernels train run by run, and stacks of torch are counted by the kernels' costs too. The estimates
need only be in proportion; nothing that is computed depends on them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from automl.training.costs import RunCost


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
