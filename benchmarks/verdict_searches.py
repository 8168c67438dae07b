"""Random searches: of ranges with and without the optimum, and where nothing can be learned.

Drawn like the other families (`verdict_cases.py`), for verdicts on the study as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.verdict_training import Draw, Params, Plan
from benchmarks.verdict_worlds import (
    N_FRESH,
    World,
    class_world,
    draw_seed,
    log_uniform,
    regression_world,
    teacher_world,
)
from search_spaces.hyperparameters import hyperparameter
from storage.records import Json, ParameterValue

N_SEARCHED = 40
"""Trials of a search: no more than people spend on one."""

N_IN_VAIN = 12
"""Trials of a search where each ends as the others do."""

BASE: Params = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 64,
    "n_layers": 1,
    "hidden_size": 24,
    "activation": "tanh",
    "initialization": "xavier",
}

Ends = tuple[float, float, bool]  # low, high, log

TOO_NARROW: Sequence[tuple[str, Ends, Ends, Params]] = (
    # the range that excludes the optimum, what lies beyond its end, and what else is fixed
    ("learning_rate", (5e-4, 0.02, True), (0.02, 0.3, True), {"optimizer": "sgd"}),
    ("learning_rate", (2e-5, 5e-4, True), (5e-4, 0.015, True), {"optimizer": "adam"}),
    ("hidden_size", (1, 5, False), (8, 48, False), {}),
    ("weight_decay", (3e-2, 0.5, True), (1e-6, 3e-2, True), {}),
)

WIDE_ENOUGH: Mapping[str, Ends] = {
    "learning_rate": (1e-3, 0.3, True),
    "hidden_size": (8, 48, False),
    "weight_decay": (1e-6, 1e-2, True),
}


def _space(ranges: Mapping[str, Ends]) -> Mapping[str, Json]:
    return {
        "name": "benchmark",
        "parameters": {
            name: {
                "type": "int" if _is_whole(name) else "float",
                "low": low,
                "high": high,
                "log": log,
            }
            for name, (low, high, log) in ranges.items()
        },
    }


def _is_whole(name: str) -> bool:
    numbers = hyperparameter(name).numbers
    return numbers is not None and numbers.whole


def random_params(
    generator: np.random.Generator, ranges: Mapping[str, Ends], base: Params
) -> dict[str, ParameterValue]:
    """One configuration drawn uniformly from ranges, in the scale in which they are searched."""
    params = dict(base)
    for name, (low, high, log) in ranges.items():
        value = log_uniform(generator, low, high) if log else float(generator.uniform(low, high))
        params[name] = round(value) if _is_whole(name) else value
    return params


def random_plans(
    generator: np.random.Generator, n_plans: int, ranges: Mapping[str, Ends], base: Params
) -> tuple[Plan, ...]:
    """The trials of a random search."""
    return tuple(
        Plan(random_params(generator, ranges, base), seed=draw_seed(generator))
        for _ in range(n_plans)
    )


def searched(name: str, narrow: Ends) -> dict[str, Ends]:
    """The ranges of a search of one hyperparameter, beside a good range of learning rates."""
    return {"learning_rate": (5e-3, 3e-2, True)} | {name: narrow}


def narrow_ranges(generator: np.random.Generator) -> Draw:
    """A random search whose range excludes the optimum."""
    name, narrow, beyond, fixed = TOO_NARROW[int(generator.integers(len(TOO_NARROW)))]
    base, ranges = {**BASE, **fixed}, searched(name, narrow)
    plans = random_plans(generator, N_SEARCHED, ranges, base)
    return Draw(
        "ranges too narrow",
        (teacher_world(generator, int(generator.integers(500, 900)), noise=(0.02, 0.1)),),
        plans,
        max_epochs=15,
        patience=5,
        space=_space(ranges),
        study_truth="range_edge",
        edge=name,
        beyond=searched(name, beyond),
        fixed=base,
    )


def wide_ranges(generator: np.random.Generator) -> Draw:
    """A random search whose ranges contain the optimum."""
    plans = random_plans(generator, N_SEARCHED, WIDE_ENOUGH, BASE)
    return Draw(
        "ranges wide enough",
        (teacher_world(generator, int(generator.integers(1000, 1600)), noise=(0.02, 0.1)),),
        plans,
        max_epochs=20,
        patience=5,
        space=_space(WIDE_ENOUGH),
        study_truth="good_fit",
    )


def nothing_to_learn(generator: np.random.Generator) -> Draw:
    """A random search for a target that has nothing to do with the inputs."""
    plans = random_plans(generator, N_IN_VAIN, WIDE_ENOUGH, BASE)
    return Draw(
        "nothing to learn",
        (_unrelated_world(generator),),
        plans,
        max_epochs=20,
        patience=5,
        study_truth="no_signal",
    )


def _unrelated_world(generator: np.random.Generator) -> World:
    """A number, normal or with heavy tails, or labels: of two classes (one rare or not), or four.

    Source: Student's t of at most 2 degrees of freedom has no variance, so that the loss of
    the mean differs between any two sets of rows.
    """
    n_train, n_valid = int(generator.integers(300, 2000)), int(generator.integers(100, 600))
    n_rows, seed = n_train + n_valid + N_FRESH, draw_seed(generator)
    x = generator.normal(size=(n_rows, int(generator.integers(3, 9))))
    frequencies: Sequence[Sequence[float]] = ((0.5, 0.5), (0.9, 0.1), (0.4, 0.3, 0.2, 0.1))
    kind = int(generator.integers(6))
    if kind < len(frequencies):
        shares = np.tile(frequencies[kind], (n_rows, 1))
        return class_world(x, shares, n_train, n_valid, seed)
    freedom = (1.5, 2.0, 1000.0)[kind - len(frequencies)]
    target = generator.standard_t(freedom, size=n_rows)
    return regression_world(x, target, 0.0, n_train, n_valid, seed)
