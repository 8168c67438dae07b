"""What it is worth that no combination of params is proposed twice, and what it costs.

    python -m benchmarks.duplicates [--spaces 30] [--trials 120] [--quick] [--json]

Spaces of 864 combinations, each with losses of its own: a bowl over two whole numbers, an effect
of each choice, and some noise. TPE proposes five trials at once, with duplicates and without. Told
are how many different combinations it tried, and how many of all are better than the best of the
first half of its trials. The cost is the processor time that is spent on finding and moving
duplicates, by a proposal, of the space `mlp` in bulks of ten, all to be moved, after so many
other trials.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

import search_spaces
from automl.tuning.asking import ask_many
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.untried import Tried
from search_spaces import CategoricalParameter, IntParameter, SearchSpace
from storage.records import ParameterValue

AT_ONCE, BULK = 5, 10
NOISE = 0.05

CHOICES = ("a", "b", "c", "d", "e", "f")
SPACE = SearchSpace.of(
    "small",
    [
        IntParameter("n_layers", 1, 4, meaning="layers"),
        IntParameter("n_blocks", 1, 6, meaning="blocks"),
        CategoricalParameter("way", CHOICES, meaning="a choice"),
        CategoricalParameter("kind", CHOICES, meaning="another"),
    ],
    family="objective",
)

Combination = tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one search of a small space came to.

    Attributes:
        n_better: combinations of the whole space that are better than its best one of the first
            half of its trials.
    """

    n_different: int
    n_better: int


def losses_of(seed: int) -> dict[Combination, float]:
    """The loss of every combination of a space."""
    random = np.random.default_rng(seed)
    layers, blocks = random.uniform(1, 4), random.uniform(1, 6)
    effects = random.random((2, len(CHOICES)))
    return {
        (n_layers, n_blocks, way, kind): float(
            ((n_layers - layers) / 3) ** 2
            + ((n_blocks - blocks) / 5) ** 2
            + effects[0, CHOICES.index(way)]
            + effects[1, CHOICES.index(kind)]
            + NOISE * random.standard_normal()
        )
        for n_layers, n_blocks, way, kind in itertools.product(
            range(1, 5), range(1, 7), CHOICES, CHOICES
        )
    }


def search(seed: int, n_trials: int, *, allows_duplicates: bool) -> Outcome:
    """TPE on one small space."""
    losses = losses_of(seed)
    sampler = PerTrialSampler("tpe", SPACE, seed, allows_duplicates=allows_duplicates)
    study = optuna.create_study(sampler=sampler)
    tried: list[Combination] = []
    while len(tried) < n_trials:
        asked = ask_many(study, SPACE, min(AT_ONCE, n_trials - len(tried)))
        for trial, params in asked:
            tried.append(tuple(params[name] for name in SPACE.parameters))
            study.tell(trial, losses[tried[-1]])
    best = min(losses[one] for one in tried[: n_trials // 2])
    return Outcome(len(set(tried)), sum(loss < best for loss in losses.values()))


def milliseconds_per_proposal(n_trials: int) -> float:
    """Processor time of finding and moving duplicates, by a proposal, after so many trials."""
    space = search_spaces.load("mlp").for_task("multiclass")
    drawn = optuna.create_study(sampler=PerTrialSampler("random", space, 0))
    params = [given for _, given in ask_many(drawn, space, BULK * 6)]
    study = optuna.create_study()
    distributions = space.distributions()
    random = np.random.default_rng(0)
    for number in range(n_trials):
        given = dict(params[number % len(params)])
        given["learning_rate"] = float(random.uniform(1e-4, 1e-2))
        study.add_trial(_finished(given, distributions))
    sampler = PerTrialSampler("tpe", space, 0)
    sampler.tried(study)  # a search has read the past before
    seconds = []
    for start in range(0, len(params), BULK):
        bulk = params[start : start + BULK]
        for given in bulk:
            study.add_trial(_finished(given, distributions))
        begun = time.process_time()
        tried = sampler.tried(study)
        assert tried is not None
        _move_all(bulk, sampler, tried)
        seconds.append(time.process_time() - begun)
    return 1e3 * statistics.median(seconds) / BULK


def _move_all(
    bulk: Sequence[Mapping[str, ParameterValue]], sampler: PerTrialSampler, tried: Tried
) -> None:
    """All of these have been tried."""
    for number, given in enumerate(bulk):
        moved = sampler.untried(given, tried, number)
        assert moved is not None
        tried.add(moved)


def _finished(
    params: Mapping[str, ParameterValue],
    distributions: Mapping[str, optuna.distributions.BaseDistribution],
) -> optuna.trial.FrozenTrial:
    known = {name: one for name, one in distributions.items() if name in params}
    values = {name: params[name] for name in known}
    return create_trial(state=TrialState.COMPLETE, value=1.0, params=values, distributions=known)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--spaces", type=int, default=30)
    parser.add_argument("--trials", type=int, default=120, help="proposed in each space")
    parser.add_argument("--past", type=int, default=5000, help="trials before the cost is taken")
    parser.add_argument("--quick", action="store_true", help="fewer spaces, a shorter past")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    n_spaces, n_past = (3, 200) if options.quick else (options.spaces, options.past)
    numbers: dict[str, float] = {}
    for name, allows in (("with", True), ("without", False)):
        found = [search(n, options.trials, allows_duplicates=allows) for n in range(n_spaces)]
        numbers[f"different_{name}"] = statistics.fmean(one.n_different for one in found)
        numbers[f"better_{name}"] = statistics.fmean(one.n_better for one in found)
    numbers["ms_per_proposal"] = milliseconds_per_proposal(n_past)
    if options.json:
        print(json.dumps(numbers))
        return
    for name in ("with", "without"):
        print(
            f"{name:>8} duplicates: {numbers[f'different_{name}']:.1f} different combinations of "
            f"{options.trials}; {numbers[f'better_{name}']:.1f} of 864 better than the best of "
            f"the first {options.trials // 2}"
        )
    print(f"{numbers['ms_per_proposal']:.2f} ms a proposal, after {n_past:,} trials")


if __name__ == "__main__":
    main()
