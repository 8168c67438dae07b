"""What tests of pools wait for, so that nothing depends on which worker was faster."""

from __future__ import annotations

from automl.executors.pool import Pool
from automl.training.config import RunConfig
from tests.contracts.executor_contract import epochs_until_all_rest
from tests.contracts.linear_trainer import tiny_run


def wait_until_all_are_ready(pool: Pool) -> None:
    """Else who is there first may have all the runs."""
    while not all(member.is_ready for member in pool._members):
        pool._listen(None)


def in_the_middle(pool: Pool) -> list[RunConfig]:
    """Begin runs 0 to 3, which do not come to their ends; each of two workers trains some."""
    wait_until_all_are_ready(pool)
    runs = [tiny_run(run_id, max_epochs=100_000) for run_id in range(4)]
    pool.start(runs, {run.run_id: 1 for run in runs})  # who has enough to do is told of no more
    epochs_until_all_rest(pool)
    pool.allow({run.run_id: run.training.max_epochs for run in runs})
    seen: set[int] = set()
    while seen != {0, 1, 2, 3}:
        seen |= {epoch.run_id for epoch in pool.next_round().epochs}
    return runs
