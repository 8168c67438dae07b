"""What a proposal costs, and what it is worth: this project's TPE beside Optuna's.

    python -m benchmarks.proposals [--quick] [--json] [--curves FOLDER] [--seeds FIRST:LAST]

The cost is the processor time of asking for a trial of the space `mlp` in bulks of ten, after more
and more trials. With --curves, whole searches run on a surrogate of LCBench
(`lcbench_surrogate.onnx` and `encoding.json` in FOLDER): successive halving, ten trials in turn
and ten more asked for ahead. Compared is the best validation cross-entropy, as the mean
difference of logarithms to Optuna's TPE in the same search, over tables and seeds with 95 %
intervals: at equal numbers of trials, and at parts of the time that random trials take.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import Trial

import search_spaces
from automl.tuning.pruners import MIN_RESOURCE, REDUCTION_FACTOR, SuccessiveHalving
from automl.tuning.samplers import PerTrialSampler
from benchmarks.curve_surrogate import SPACE, LearningCurves
from storage.records import ParameterValue

N_SLOTS = N_AHEAD = 10
N_TRIALS = 200
TRIAL_MARKS = (50, 100, 200)
TIME_MARKS = (0.1, 0.3, 1.0)  # of the time that as many random trials take
BULK = 10

MakeSampler = Callable[[LearningCurves, int], BaseSampler]


def optunas(curves: LearningCurves, seed: int) -> BaseSampler:
    """Optuna's TPE as an expert would choose it."""
    return TPESampler(seed=seed, multivariate=True, constant_liar=True)


def at_random(curves: LearningCurves, seed: int) -> BaseSampler:
    return RandomSampler(seed)


def without_cost(curves: LearningCurves, seed: int) -> BaseSampler:
    """Ours, which takes all trials to cost the same."""
    return PerTrialSampler("tpe", SPACE, seed)


def ours(curves: LearningCurves, seed: int) -> BaseSampler:
    """Ours, which knows the cost of an epoch."""

    def cost(params: Mapping[str, ParameterValue]) -> float:
        _, seconds = curves(params)
        return float(seconds[-1]) / len(seconds)

    return PerTrialSampler("tpe", SPACE, seed, cost)


SAMPLERS: Mapping[str, MakeSampler] = {
    "optuna": optunas,
    "random": at_random,
    "without_cost": without_cost,
    "ours": ours,
}


@dataclass(frozen=True, slots=True)
class Step:
    """Where a search is after a round."""

    n_ended: int
    seconds: float  # that training would have taken
    best: float  # logarithm of the best loss so far


def milliseconds_per_proposal(sampler: BaseSampler, n_trials: int) -> float:
    """Processor time of a trial asked for in a bulk, after so many others."""
    space = search_spaces.load("mlp").for_task("multiclass")
    study = optuna.create_study(sampler=RandomSampler(0))
    numbers = random.Random(0)
    for number in range(n_trials):
        trial = study.ask()
        rate = space.suggest(trial)["learning_rate"]
        value = abs(math.log10(float(str(rate))) + 2.5) + numbers.random()
        trial.report(value, 1)
        is_pruned = number % 4 > 0
        study.tell(trial, state=optuna.trial.TrialState.PRUNED) if is_pruned else study.tell(
            trial, value
        )
    study.sampler = sampler
    times = []
    for _ in range(5):
        begun = time.process_time()
        _ask(study, space, BULK)
        times.append(time.process_time() - begun)
    return 1e3 * statistics.median(times) / BULK


def _ask(
    study: optuna.Study, space: search_spaces.SearchSpace, n_trials: int
) -> list[tuple[Trial, dict[str, ParameterValue]]]:
    sampler = study.sampler
    same = sampler.same_past(study) if isinstance(sampler, PerTrialSampler) else nullcontext()
    with same:
        trials = [study.ask() for _ in range(n_trials)]
        return [(trial, space.suggest(trial)) for trial in trials]


def search(curves: LearningCurves, sampler: BaseSampler, seconds: float) -> list[Step]:
    """One search, until it has both its trials and its time."""
    pruner = SuccessiveHalving(MIN_RESOURCE, REDUCTION_FACTOR)
    study = optuna.create_study(sampler=sampler, pruner=pruner)
    unfinished: list[tuple[Trial, list[float], float]] = []
    epochs: dict[int, int] = {}
    spent, best, n_ended, steps = 0.0, math.inf, 0, list[Step]()
    while n_ended < N_TRIALS or spent < seconds:
        wanted = N_SLOTS + N_AHEAD - len(unfinished)
        for trial, params in _ask(study, SPACE, wanted):
            curve, times = curves(params)
            losses, mean = np.log(curve).tolist(), float(times[-1]) / len(times)
            unfinished.append((trial, losses, mean))
            epochs[trial.number] = 0
        in_slots = unfinished[:N_SLOTS]
        for trial, losses, mean in in_slots:
            epochs[trial.number] += 1
            epoch = epochs[trial.number]
            spent += mean
            best = min(best, losses[epoch - 1])
            trial.report(losses[epoch - 1], epoch)
        for each in in_slots:
            trial, losses, _ = each
            is_pruned = trial.should_prune()
            if is_pruned or epochs[trial.number] == len(losses):
                unfinished.remove(each)
                n_ended += 1
                state = optuna.trial.TrialState.PRUNED if is_pruned else None
                study.tell(trial, None if is_pruned else min(losses), state=state)
        steps.append(Step(n_ended, spent, best))
    return steps


def marks(steps: Sequence[Step], seconds: float) -> dict[str, float]:
    """The best loss at each number of trials, and at each share of the time."""
    found = {}
    for n_trials in TRIAL_MARKS:
        found[f"trials_{n_trials}"] = next(s.best for s in steps if s.n_ended >= n_trials)
    for share in TIME_MARKS:
        reached = [step.best for step in steps if step.seconds <= share * seconds]
        found[f"time_{share:g}"] = reached[-1] if reached else steps[0].best
    found["seconds_per_trial"] = next(
        math.log(step.seconds) for step in steps if step.n_ended >= N_TRIALS
    )
    return found


def compare(curves: LearningCurves, seed: int) -> dict[str, dict[str, float]]:
    """All samplers in one table with one seed: differences to Optuna's."""
    random_steps = search(curves, at_random(curves, seed), 0.0)
    seconds = random_steps[-1].seconds
    reached = {
        name: marks(search(curves, make(curves, seed), seconds), seconds)
        for name, make in SAMPLERS.items()
    }
    return {
        name: {mark: value - reached["optuna"][mark] for mark, value in of_one.items()}
        for name, of_one in reached.items()
    }


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """Mean and half of the 95 % interval."""
    half = 1.96 * statistics.stdev(differences) / math.sqrt(len(differences))
    return statistics.fmean(differences), half


def measure_costs(counts: Sequence[int], say: Callable[[str], None]) -> dict[str, float]:
    """Print and return the cost of proposals after so many trials."""
    space = search_spaces.load("mlp").for_task("multiclass")
    numbers: dict[str, float] = {}
    say(f"{'trials':>8} {'Optuna':>8} {'ours':>8}   ms of a processor per trial asked for")
    for n_trials in counts:
        theirs = milliseconds_per_proposal(
            TPESampler(seed=0, multivariate=True, constant_liar=True), n_trials
        )
        own = milliseconds_per_proposal(PerTrialSampler("tpe", space, 0), n_trials)
        say(f"{n_trials:8} {theirs:8.2f} {own:8.2f}")
        numbers |= {f"optuna_ms_{n_trials}": theirs, f"ours_ms_{n_trials}": own}
    return numbers


def measure_worth(
    folder: Path, tables: Sequence[str], seeds: range, say: Callable[[str], None]
) -> dict[str, float]:
    """Print and return the differences to Optuna's TPE, over tables and seeds."""
    results = []
    for table in tables:
        curves = LearningCurves(folder, table)
        results += [compare(curves, seed) for seed in seeds]
    say(f"\n{len(tables)} tables, {len(seeds)} seeds: log loss, and log seconds, less Optuna's")
    numbers: dict[str, float] = {}
    for name in SAMPLERS:
        for mark in results[0][name]:
            mean, half = interval([result[name][mark] for result in results])
            say(f"{name:>14} {mark:>18} {mean:+8.4f} +- {half:.4f}")
            numbers |= {f"{name}.{mark}": mean, f"{name}.{mark}.half": half}
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer trials, tables and seeds")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--curves", type=Path, help="folder with the surrogate of LCBench")
    parser.add_argument("--tables", default="0:20", help="which of them, by place; default all")
    parser.add_argument("--seeds", default="0:2", help="from one seed up to another")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    say = (lambda _: None) if arguments.json else print
    numbers = measure_costs((100,) if arguments.quick else (100, 300, 1000), say)
    if arguments.curves:
        names = json.loads((arguments.curves / "encoding.json").read_text(encoding="utf-8"))
        first, last = map(int, arguments.tables.split(":"))
        begin, end = map(int, arguments.seeds.split(":"))
        tables = list(names)[first : first + 2 if arguments.quick else last]
        seeds = range(begin, begin + 1 if arguments.quick else end)
        numbers |= measure_worth(arguments.curves, tables, seeds, say)
    if arguments.json:
        print(json.dumps({name: round(value, 5) for name, value in numbers.items()}))


if __name__ == "__main__":
    main()
