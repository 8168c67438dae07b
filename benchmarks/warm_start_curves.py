"""What a warm start is worth to freeze-thaw, replayed on recorded learning curves.

    python -m benchmarks.warm_start_curves --curves FOLDER [--tasks FIRST:LAST] [--earlier N]
                                           [--seeds N] [--json]

FOLDER has a surrogate of LCBench (`policy_worlds.py`). Every task is searched for 520 epochs; then
each starts from the search of another one: all ordered pairs, or with --earlier N the N tasks that
follow it. Printed is the normalised regret of the best validation loss after so many epochs in
all, in the mean over pairs and seeds: 0 is the best of 1,000 random configurations at full length,
1 their third quartile. Differences are from the same tasks and seeds without an earlier search; a
standard error is that of the means of the tasks that are searched.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from automl.tuning.earlier import first_params, untried
from automl.tuning.policies.freeze_thaw import FreezeThaw
from automl.tuning.policies.policy import Decision, Start, View
from benchmarks.policy_replay import Replay
from benchmarks.policy_worlds import Params, worlds_of
from storage.earlier_records import EarlierStudy, EarlierTrial
from storage.records import Outcome

BUDGETS = (130, 260, 520)
N_EARLIER_EPOCHS = 520
N_SLOTS = 16
OUTCOMES: Mapping[str, Outcome] = {"complete": "complete", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Job:
    """One search of a task.

    Attributes:
        earlier: the task whose search it starts from; None: it starts from nothing.
    """

    folder: Path
    earlier: int | None
    task: int
    seed: int


class StartsWith(FreezeThaw):
    """Some params are tried before the policy is asked, as by the `Decider`."""

    def __init__(self, max_epochs: int, first: Sequence[Params]) -> None:
        super().__init__(max_epochs)
        self._first = first

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """What is left of the first params, then freeze-thaw."""
        tried = (trial.params for trial in view.trials.values())
        self._first = untried(self._first, tried, view.space)
        if self._first:
            return [Start(params) for params in self._first[:n_free]]
        return super().next(view, n_free)


def search(job: Job) -> list[float]:
    """Regrets after each budget."""
    world = worlds_of(job.folder, "lcbench")[job.task]
    earlier = () if job.earlier is None else (searched(job.folder, job.earlier),)
    policy = StartsWith(world.max_epochs, first_params(earlier, world.space))
    replay = Replay(world, policy, N_SLOTS, job.seed, by_turns=True)
    replay.run(BUDGETS[-1])
    return [
        world.regret(replay.steps[min(budget, len(replay.steps)) - 1].best) for budget in BUDGETS
    ]


@functools.cache
def searched(folder: Path, task: int) -> EarlierStudy:
    """A search of a task by itself, as an earlier study."""
    world = worlds_of(folder, "lcbench")[task]
    replay = Replay(world, FreezeThaw(world.max_epochs), N_SLOTS, 1000 + task, by_turns=True)
    replay.run(N_EARLIER_EPOCHS)
    trials = (
        EarlierTrial(one.number, one.params, tuple(one.losses), OUTCOMES.get(one.state, "pruned"))
        for one in replay.view.trials.values()
        if one.losses
    )
    return EarlierStudy(f"lcbench {task}", world.max_epochs, tuple(trials))


def pairs_of(tasks: range, n_earlier: int | None) -> list[tuple[int, int]]:
    """The earlier and the new task of each pair."""
    n_others = len(tasks) - 1
    reach = n_others if n_earlier is None else min(n_earlier, n_others)
    return [
        (tasks[(place + step) % len(tasks)], task)
        for place, task in enumerate(tasks)
        for step in range(1, reach + 1)
    ]


def difference(
    jobs: Sequence[Job], regrets: Sequence[Sequence[float]], others: Sequence[Sequence[float]]
) -> list[tuple[float, float]]:
    """Mean and standard error over tasks of the difference after each budget."""
    result = []
    for budget in range(len(BUDGETS)):
        of_task: dict[int, list[float]] = {}
        for job, one, other in zip(jobs, regrets, others, strict=True):
            of_task.setdefault(job.task, []).append(one[budget] - other[budget])
        means = [statistics.fmean(each) for each in of_task.values()]
        error = statistics.stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan
        result.append((statistics.fmean(means), error))
    return result


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--curves", type=Path, required=True, help="folder of learning curves")
    parser.add_argument("--tasks", default="6:20", help="from one up to another; default 6:20")
    parser.add_argument("--earlier", type=int, help="tasks to start from; default: all others")
    parser.add_argument("--seeds", type=int, default=2, help="how many; default 2")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    tasks = range(*map(int, options.tasks.split(":")))
    pairs = pairs_of(tasks, options.earlier)
    numbers: dict[str, float] = {}
    warm_jobs = [
        Job(options.curves, earlier, task, seed)
        for earlier, task in pairs
        for seed in range(options.seeds)
    ]
    jobs_of = {"without": [replace(job, earlier=None) for job in warm_jobs], "warm": warm_jobs}
    without: list[list[float]] = []
    with ProcessPoolExecutor(options.processes) as pool:
        for name, jobs in jobs_of.items():
            regrets = list(pool.map(search, jobs, chunksize=4))
            without = without or regrets
            means = [statistics.fmean(each) for each in zip(*regrets, strict=True)]
            off = difference(jobs, regrets, without)
            numbers |= {f"{name}.{each}": mean for each, mean in zip(BUDGETS, means, strict=True)}
            if not options.json:
                told = "".join(
                    f"   {mean:6.3f} ({by:+.3f} +-{error:.3f})"
                    for mean, (by, error) in zip(means, off, strict=True)
                )
                print(f"{name:>8}{told}", flush=True)
    if options.json:
        print(json.dumps({name: round(value, 4) for name, value in numbers.items()}))


if __name__ == "__main__":
    main()
