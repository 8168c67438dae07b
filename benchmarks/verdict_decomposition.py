"""How far from the truth are bias and variance that are estimated from one data set?

`automl diagnose STUDY --diagnose full` has one data set: it retrains on bootstraps and on
disjoint halves of it. Here the function and its noise are known, and there are as many train
sets as one likes, so the truth is known too: networks trained on independent train sets of
the same size, measured on fresh rows. Every figure is a ratio, estimate over truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace

import numpy as np

from automl.data.dataset import Dataset, Split
from automl.diagnostics.decomposition import (
    decompose_squared,
    decompose_zero_one,
    main_classes,
    variance_of_halves,
)
from automl.executors.choosing import make_executor
from automl.investigation.retraining import (
    judge_decomposition,
    plan_decomposition,
)
from automl.training.config import RowSubset, RunConfig, configure
from automl.tuning.planned_runs import PlannedRun
from automl.tuning.planned_training import predict_run, train_runs
from benchmarks.plain_space import PLAIN
from benchmarks.verdict_training import Draw, Plan, records_of, train_plans
from benchmarks.verdict_worlds import (
    Params,
    World,
    class_shares,
    class_world,
    regression_world,
    teacher,
)
from search_spaces import load

N_TRAIN, N_VALID, N_FRESH, N_FEATURES = 200, 300, 1000, 4
NOISE_SHARE = 0.15
N_SETS = 40
"""Independent train sets: they know a row's variance to 23 % (chi-square), its mean over
thousands of rows to a few percent."""

N_DATA_SETS = 5
MAX_EPOCHS = 30
TASKS = ("regression", "binary")
Ratios = Mapping[str, Sequence[Mapping[str, float]]]
"""Estimate over truth: by task, for each data set, by part."""

PARAMS: Params = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 32,
    "n_layers": 1,
    "hidden_size": 24,
    "activation": "tanh",
    "initialization": "xavier",
}


@dataclass(frozen=True)
class Parts:
    """Bias with noise, and variance, at all rows and at half of them."""

    bias_noise: float
    variance: float
    variance_at_half: float


PARTS = tuple(field.name for field in fields(Parts))


@dataclass(frozen=True)
class Known:
    """A pool of rows from a known function, and what the function says of its fresh rows.

    Shape:
        expected: (N,) standardized values without noise, or (N, C) probabilities.
    """

    world: World  # train: N_SETS train sets; valid: the fresh rows; test: the single data sets
    expected: np.ndarray
    noise: float  # variance, in standardized units; of classes: in `expected`


def measure(seed: int, n_data_sets: int = N_DATA_SETS) -> Ratios:
    """How far the estimates lie from the truth, by ratio."""
    ratios: dict[str, list[dict[str, float]]] = {}
    for task in TASKS:
        known = draw_known(task, np.random.default_rng([seed, *map(ord, task)]), n_data_sets)
        truth = true_parts(known)
        estimates = [estimated_parts(known.world, place) for place in range(n_data_sets)]
        ratios[task] = [
            {name: getattr(one, name) / getattr(truth, name) for name in PARTS}
            for one in estimates
        ]
    return ratios


def draw_known(task: str, generator: np.random.Generator, n_data_sets: int) -> Known:
    """A teacher, its train sets, fresh rows and single data sets."""
    n_pool, n_single = N_SETS * N_TRAIN, n_data_sets * (N_TRAIN + N_VALID)
    x = generator.normal(size=(n_pool + N_FRESH + n_single, N_FEATURES))
    fresh, seed = slice(n_pool, n_pool + N_FRESH), int(generator.integers(2**31))
    if task != "regression":
        shares = class_shares(generator, x, 2, NOISE_SHARE)
        return Known(class_world(x, shares, n_pool, N_FRESH, seed), shares[fresh], 0.0)
    clean = teacher(generator, x, 1)[:, 0]
    world = regression_world(x, clean, NOISE_SHARE, n_pool, N_FRESH, seed)
    fold = world.dataset.folds[0]
    # As `regression_world` adds it, in units of the standardized target.
    spread = float(clean[n_pool + N_FRESH :].std()) / fold.target_scale
    noise = spread**2 * NOISE_SHARE / (1 - NOISE_SHARE)
    return Known(world, (clean[fresh] - fold.target_mean) / fold.target_scale, noise)


def true_parts(known: Known) -> Parts:
    """From networks on independent train sets, measured on fresh rows with known noise."""
    full = _independent(known.world.dataset, N_TRAIN)
    half = _independent(known.world.dataset, N_TRAIN // 2)
    if known.world.dataset.task == "regression":
        parts = decompose_squared(full, known.expected)
        at_half, _ = variance_of_halves(half[::2], half[1::2])
        return Parts(parts.bias_and_noise + known.noise, parts.variance, at_half)
    main = main_classes(full)
    right = np.take_along_axis(known.expected, main[:, None].astype(int), axis=1)
    differ = (half[::2] != half[1::2]).astype(float)
    at_half, _ = variance_of_halves(np.zeros(differ.shape), differ)
    return Parts(float(1 - right.mean()), decompose_zero_one(full, main).variance, at_half)


def _independent(dataset: Dataset, n_rows: int) -> np.ndarray:
    """Predictions of fresh rows by networks on train sets that share no row, (M, N)."""
    model, training = configure(PARAMS, family="mlp", max_epochs=MAX_EPOCHS, patience=MAX_EPOCHS)
    share = n_rows / len(dataset.folds[0].train)
    configs = [
        RunConfig(i, i, "mlp", model, training, seed=i + 1, rows=RowSubset(share, part=i))
        for i in range(N_SETS)
    ]
    runs = [PlannedRun("bootstrap", "", config) for config in configs]
    with closing(make_executor(dataset, workers=1)) as executor:
        ended = train_runs(executor, runs, keep="best")
    predictions = [predict_run(run, dataset) for run in ended]
    return np.stack([one for one in predictions if one is not None])


def estimated_parts(world: World, place: int) -> Parts:
    """What the product says of one data set: bootstraps and halves of a stored study."""
    single = replace(world, dataset=_single(world.dataset, place))
    space = load("mlp").for_task(single.dataset.task).narrow(PLAIN)
    draw = Draw(
        "decomposition",
        (single,),
        (Plan(PARAMS, seed=place),),
        MAX_EPOCHS,
        MAX_EPOCHS,
        space=space.to_dict(),
    )
    records = records_of(draw, train_plans(draw))
    planned = [run.numbered(number) for number, run in enumerate(plan_decomposition(records))]
    with closing(make_executor(single.dataset, workers=1)) as executor:
        ended = train_runs(executor, planned, keep="best")
    evidence = judge_decomposition(records, ended, single.dataset).evidence
    names = ("bias_and_noise", "variance", "variance_at_half")
    return Parts(*(float(str(evidence[name])) for name in names))


def _single(dataset: Dataset, place: int) -> Dataset:
    """One data set of the pool, in the pool's scaling, so that its units are the truth's."""
    fold, start = dataset.folds[0], place * (N_TRAIN + N_VALID)

    def rows(first: int, n: int) -> Split:
        part, pool = slice(first, first + n), fold.test
        return Split(pool.inputs[part], pool.targets[part])

    train, valid = rows(start, N_TRAIN), rows(start + N_TRAIN, N_VALID)
    return replace(dataset, folds=(replace(fold, train=train, valid=valid),))


def summarize(ratios: Ratios) -> dict[str, float]:
    """Mean, least and largest ratio over all data sets, as flat keys."""
    found = [one for each in ratios.values() for one in each]
    summary: dict[str, float] = {}
    for name in PARTS if found else ():
        values = [one[name] for one in found]
        key = f"decomposition.{name}_ratio"
        summary[key] = float(np.mean(values))
        summary |= {f"{key}_least": min(values), f"{key}_largest": max(values)}
    return {key: round(value, 3) for key, value in summary.items()}


def print_ratios(ratios: Ratios) -> None:
    """One line per task and part."""
    if ratios:
        print("\ndecomposition from one data set, over the truth: mean (least to largest)")
    for task, found in ratios.items():
        for name in PARTS:
            values = [one[name] for one in found]
            ends = f"{min(values):.2f} to {max(values):.2f}"
            words = name.replace("_", " ").replace("bias noise", "bias squared + noise")
            if task != "regression":
                words = words.replace("bias squared", "bias")
            print(f"{task:12s} {words:22s} {np.mean(values):5.2f} ({ends})")
