"""Successive halving: what a judgement costs, and which resources find good trials soonest.

    python -m benchmarks.pruning [--quick] [--json] [--curves FOLDER]

The cost is that of `should_prune` at a rung, Optuna's pruner against ours, in studies of more
and more trials. With --curves, random search is replayed on recorded learning curves
(`lcbench_surrogate_20x1000.npz`, `taskset_rnn_text_7x1000.npz`): the normalised regret after a
number of epochs in all, 0 = best of all configurations, 1 = the median one.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from bisect import bisect_left, insort
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.pruners import BasePruner, SuccessiveHalvingPruner

from automl.tuning.pruners import MIN_RESOURCE, REDUCTION_FACTOR, SuccessiveHalving

N_JUDGED = 30
N_SLOTS = 16
BUDGETS = (260, 520, 1040)
RESOURCES = ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (4, 4), (5, 2))
NEVER = (10**9, 2)


def milliseconds_per_judgement(pruner: BasePruner, n_trials: int) -> float:
    """Median time of `should_prune` for a trial at its first rung, after so many others."""
    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(0))
    numbers = random.Random(0)
    for _ in range(n_trials):
        rungs = {f"completed_rung_{rung}": numbers.random() for rung in range(2)}
        study.add_trial(optuna.trial.create_trial(value=1.0, system_attrs=rungs))
    times = []
    for _ in range(N_JUDGED):
        trial = study.ask()
        trial.report(numbers.random(), MIN_RESOURCE)
        begun = time.perf_counter()
        trial.should_prune()
        times.append(time.perf_counter() - begun)
        study.tell(trial, 1.0)
    return 1e3 * statistics.median(times)


def measure_cost(counts: tuple[int, ...]) -> Iterator[tuple[int, float, float]]:
    """Yield the number of trials, Optuna's cost and ours."""
    for n_trials in counts:
        optunas = SuccessiveHalvingPruner(MIN_RESOURCE, REDUCTION_FACTOR)
        ours = SuccessiveHalving(MIN_RESOURCE, REDUCTION_FACTOR)
        yield (
            n_trials,
            milliseconds_per_judgement(optunas, n_trials),
            milliseconds_per_judgement(ours, n_trials),
        )


def replay(curves: NDArray[np.float64], resources: tuple[int, int], seed: int) -> list[float]:
    """The best loss seen after each budget, with random trials in lockstep slots."""
    min_resource, reduction_factor = resources
    waiting = list(np.random.default_rng(seed).permutation(len(curves)))
    running: list[tuple[int, int, int]] = []  # configuration, epochs, rungs
    rungs: dict[int, list[float]] = {}
    best, spent, bests = math.inf, 0, []
    for budget in BUDGETS:
        while spent < budget and (running or waiting):
            while len(running) < N_SLOTS and waiting:
                running.append((waiting.pop(), 0, 0))
            going = []
            for configuration, epochs, rung in running:
                value = curves[configuration, epochs]
                best = min(best, value)
                spent += 1
                goes_on = math.isfinite(value)
                while goes_on and epochs + 1 >= min_resource * reduction_factor**rung:
                    others = rungs.setdefault(rung, [])
                    n_promoted = max(1, (len(others) + 1) // reduction_factor)
                    goes_on = bisect_left(others, value) < n_promoted
                    insort(others, value)
                    rung += 1
                if goes_on and epochs + 1 < curves.shape[1]:
                    going.append((configuration, epochs + 1, rung))
            running = going
        bests.append(best)
    return bests


def mean_regrets(
    tasks: NDArray[np.float64], resources: tuple[int, int], n_seeds: int
) -> list[float]:
    """Normalised regret after each budget, mean over tasks and seeds."""
    regrets = []
    for curves in tasks:
        reached = np.fmin.reduce(np.where(np.isfinite(curves), curves, np.inf), axis=1)
        lowest, median = reached.min(), np.median(reached[np.isfinite(reached)])
        for seed in range(n_seeds):
            bests = np.array(replay(curves, resources, seed))
            regrets.append((bests - lowest) / (median - lowest))
    return [float(regret) for regret in np.mean(regrets, axis=0)]


def read_curves(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Validation losses as (tasks, configurations, epochs), without the untrained network's."""
    with np.load(folder / "lcbench_surrogate_20x1000.npz") as file:
        lcbench = file["val_cross_entropy"][:, :, 1:]
    with np.load(folder / "taskset_rnn_text_7x1000.npz") as file:
        taskset = file["valid_loss"][:, :, 1:]
    return {"lcbench": lcbench, "taskset": taskset}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer trials, tasks and seeds")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--curves", type=Path, help="folder of recorded learning curves")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    say = (lambda *_: None) if arguments.json else print
    numbers: dict[str, float] = {}

    say(f"{'trials':>8} {'Optuna':>10} {'ours':>10}   ms per judgement")
    counts = (100, 1000) if arguments.quick else (100, 1000, 10_000, 30_000)
    for n_trials, optunas, ours in measure_cost(counts):
        say(f"{n_trials:8} {optunas:10.3f} {ours:10.3f}")
        numbers |= {f"optuna_ms_{n_trials}": optunas, f"ours_ms_{n_trials}": ours}

    for name, tasks in (read_curves(arguments.curves) if arguments.curves else {}).items():
        say(f"\n{name}: regret after {', '.join(map(str, BUDGETS))} epochs in all")
        tasks = tasks[:3] if arguments.quick else tasks
        for resources in (NEVER, *RESOURCES):
            regrets = mean_regrets(tasks, resources, n_seeds=2 if arguments.quick else 6)
            label = "never" if resources == NEVER else "{}_{}".format(*resources)
            say(f"{label:>8} " + " ".join(f"{regret:10.3f}" for regret in regrets))
            for budget, regret in zip(BUDGETS, regrets, strict=True):
                numbers[f"{name}_{label}_{budget}"] = regret
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in numbers.items()}))


if __name__ == "__main__":
    main()
