"""What a search policy is worth, replayed on learning curves of networks that others trained.

    python -m benchmarks.policies --curves FOLDER [--policies NAME,...] [--slots N,...]
                                  [--tasks FIRST:LAST] [--seeds N] [--json]
                                  [--by-time | --epoch-rounds | --through-tune]

FOLDER has 20 tasks of LCBench, any configuration, and 1,000 runs of each of 7 of TaskSet
(`policy_worlds.py`). Policies decide on a real `View` in a real virtual order; only training is
looked up. Printed is the normalised regret of the best validation loss after so many epochs in
all, in the mean over tasks and seeds: 0 is the best of 1,000 random configurations at full length,
1 their third quartile. Keys are as `lcbench.freeze_thaw_16.260`. With --by-time seconds count that
so many epochs take in the mean, and policies are told what an epoch costs (LCBench only).

Peers are samplers and pruners of Optuna, and schedulers of Syne Tune where it can be imported.
Freeze-thaw was developed on the first 6 tasks of LCBench and the first 2 of TaskSet; by default
the others are replayed. 16 slots are 16 turns at once: all of them train to where they are asked
for again. --epoch-rounds replays rounds of one epoch, as a search has them, and --through-tune has
`automl.tune` search, which decides the same (`policy_tune.py`; own policies on LCBench only).
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna

from automl.tuning.policies.freeze_thaw import FreezeThaw
from automl.tuning.policies.policy import Policy
from automl.tuning.policies.promotion import Promotion
from benchmarks.policy_peers import optuna_peer
from benchmarks.policy_replay import Replay, Step
from benchmarks.policy_syne_tune import SCHEDULERS, SyneTunePeer
from benchmarks.policy_tune import tune
from benchmarks.policy_worlds import World, worlds_of

BUDGETS = (260, 520, 1040)
DEVELOPED_ON = {"lcbench": 6, "taskset": 2}

OWN: dict[str, Callable[[int], Policy]] = {"freeze_thaw": FreezeThaw, "promotion": Promotion}
PEERS = ("random_halving", "tpe_median", "tpe_hyperband", "tpe_halving", "gp_halving")

Way = Literal["turns", "turns by time", "rounds", "tune"]
"""Trials advance by turns, of which epochs or seconds are counted, or by rounds of one epoch."""


@dataclass(frozen=True, slots=True)
class Job:
    """One search."""

    folder: Path
    family: str
    task: int
    policy: str
    n_slots: int
    seed: int
    way: Way


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one search came to.

    Attributes:
        regrets: after each budget.
        seconds: of a processor, for all decisions.
    """

    regrets: list[float]
    seconds: float
    n_decisions: int
    n_trials: int


def search(job: Job) -> Outcome:
    """One policy on one task with one seed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    world = worlds_of(job.folder, job.family)[job.task]
    by_time = job.way == "turns by time"
    budgets = [budget * world.seconds_of_epoch() if by_time else budget for budget in BUDGETS]
    begun = time.process_time()
    if job.way == "tune":
        tuned = tune(world, job.policy, job.n_slots, job.seed, BUDGETS[-1])
        steps, n_decisions, n_trials = tuned.steps, tuned.n_decisions, len(tuned.params)
    else:
        replay = Replay(
            world,
            make(job.policy, world, job.seed),
            job.n_slots,
            job.seed,
            counts_time=by_time,
            by_turns=job.way != "rounds",
        )
        replay.run(budgets[-1], in_seconds=by_time)
        steps, n_decisions, n_trials = replay.steps, replay.view.turn, len(replay.view.trials)
    spent = time.process_time() - begun
    regrets = [world.regret(_best(steps, budget, by_time)) for budget in budgets]
    return Outcome(regrets, spent, n_decisions, n_trials)


def make(name: str, world: World, seed: int) -> Policy:
    """A policy by name."""
    if name in OWN:
        return OWN[name](world.max_epochs)
    if name in SCHEDULERS:
        return SyneTunePeer(name, world.space, world.max_epochs, seed)
    return optuna_peer(name, world.space, world.max_epochs, seed)


def _best(steps: Sequence[Step], budget: float, in_seconds: bool) -> float:
    """The best loss when a budget was spent; of a search that ended before, its last."""
    if not in_seconds:
        return steps[min(int(budget), len(steps)) - 1].best
    reached = [step.best for step in steps if step.seconds <= budget]
    return reached[-1] if reached else steps[0].best


def main() -> None:
    options = read_options()
    families = options.families or ("lcbench" if options.way == "tune" else "lcbench,taskset")
    policies = options.policies or ",".join(OWN if options.way == "tune" else [*OWN, *PEERS])
    numbers: dict[str, float] = {}
    with ProcessPoolExecutor(options.processes) as pool:
        for family in families.split(","):
            tasks = tasks_of(family, options)
            if not options.json:
                print(f"\n{family}, {len(tasks)} tasks, {options.seeds} seeds")
                print(f"{'':>24}" + "".join(f"{budget:>9,}" for budget in BUDGETS))
            for policy, n_slots in itertools.product(
                policies.split(","), map(int, options.slots.split(","))
            ):
                jobs = [
                    Job(options.curves, family, task, policy, n_slots, seed, options.way)
                    for task in tasks
                    for seed in range(options.seeds)
                ]
                outcomes = list(pool.map(search, jobs))
                numbers |= summary(f"{family}.{policy}_{n_slots}", outcomes, options.json)
    if options.json:
        print(json.dumps({name: round(value, 4) for name, value in numbers.items()}))


def read_options() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--curves", type=Path, required=True, help="folder of learning curves")
    parser.add_argument("--policies", help="names, by commas; default: all")
    parser.add_argument("--slots", default="1,16,32", help="turns at once, by commas")
    parser.add_argument("--families", help="of curves, by commas; default: lcbench,taskset")
    parser.add_argument("--tasks", help="from one up to another; default: not developed on")
    parser.add_argument("--seeds", type=int, default=3, help="how many; default 3")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    ways = parser.add_mutually_exclusive_group()
    for flag, way, words in (
        ("--by-time", "turns by time", "count seconds, not epochs"),
        ("--epoch-rounds", "rounds", "rounds of one epoch"),
        ("--through-tune", "tune", "searches by automl.tune, in rounds of one epoch"),
    ):
        ways.add_argument(flag, dest="way", action="store_const", const=way, help=words)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    options.way = options.way or "turns"
    if options.way == "tune" and "taskset" in (options.families or ""):
        parser.error("--through-tune is for --families lcbench: a table gives other params")
    if options.way == "tune" and (others := set((options.policies or "").split(",")) - {*OWN, ""}):
        parser.error(f"--through-tune is for {', '.join(OWN)}, but got {', '.join(others)}")
    return options


def tasks_of(family: str, options: argparse.Namespace) -> range:
    """Which tasks of a family are replayed."""
    n_tasks = len(worlds_of(options.curves, family))
    if options.tasks is None:
        return range(DEVELOPED_ON[family], n_tasks)
    first, last = map(int, options.tasks.split(":"))
    return range(first, min(last, n_tasks))


def summary(name: str, outcomes: Sequence[Outcome], quiet: bool) -> dict[str, float]:
    """Print and return the means of one policy."""
    means = [statistics.fmean(each) for each in zip(*(o.regrets for o in outcomes), strict=True)]
    milliseconds = 1e3 * sum(o.seconds for o in outcomes) / sum(o.n_decisions for o in outcomes)
    n_trials = statistics.fmean(o.n_trials for o in outcomes)
    if not quiet:
        print(
            f"{name:>24}"
            + "".join(f"{mean:>9.3f}" for mean in means)
            + f"   {n_trials:.0f} trials, {milliseconds:.1f} ms a decision, curves included",
            flush=True,
        )
    return {f"{name}.{budget}": mean for budget, mean in zip(BUDGETS, means, strict=True)}


if __name__ == "__main__":
    main()
