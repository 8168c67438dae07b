"""Data sets drawn from known functions with known noise: what the verdicts' cases are made of.

A `World` holds the data and what could be reached on it at best. What is trained on it, and
what the verdict must be, is in `verdict_cases.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.polynomial import legendre

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, TableEncoding, TableInputs, table_inputs
from automl.data.table.leaks import leakage
from automl.data.table.probes import shift
from automl.data.table.samples import TreeInputs, sample_rows
from storage.records import (
    DataCheckRecord,
    ParameterValue,
    Task,
)

Params = Mapping[str, ParameterValue]
N_FRESH = 3000
"""Rows that neither training nor verdict sees: a loss of 1 is known to about 2 %."""


@dataclass(frozen=True)
class World:
    """A data set drawn from a known function, with what could be reached on it at best."""

    dataset: Dataset
    noise_loss: float  # loss of the true function on the fresh rows
    baseline_loss: float


def log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """A number between two, evenly spread in its logarithm."""
    return float(np.exp(generator.uniform(math.log(low), math.log(high))))


def draw_seed(generator: np.random.Generator) -> int:
    """A seed for what draws by itself."""
    return int(generator.integers(2**31))


def regression_world(
    x: np.ndarray, clean: np.ndarray, noise_share: float, n_train: int, n_valid: int, seed: int
) -> World:
    """A regression task; `noise_share` of the target's variance is noise."""
    generator = np.random.default_rng(seed)
    spread = float(clean[n_train + n_valid :].std())
    noisy = clean + spread * math.sqrt(noise_share / (1 - noise_share)) * generator.normal(
        size=len(clean)
    )
    mean, scale = float(noisy[:n_train].mean()), float(noisy[:n_train].std())
    targets = (noisy - mean) / scale
    fold = _fold(x, targets.astype(np.float32), n_train, n_valid)
    fold = replace(fold, target_mean=mean, target_scale=scale)
    valid = slice(n_train, n_train + n_valid)
    fresh = slice(n_train + n_valid, None)
    true = (clean - mean) / scale
    return World(
        dataset=Dataset("regression", "mean_squared", 1, (fold,)),
        noise_loss=float(((targets - true)[fresh] ** 2).mean()),
        baseline_loss=float((targets[valid] ** 2).mean()),
    )


def class_world(
    x: np.ndarray, probabilities: np.ndarray, n_train: int, n_valid: int, seed: int
) -> World:
    """A classification task; labels are drawn from the probabilities (N, C)."""
    generator = np.random.default_rng(seed)
    n_classes = probabilities.shape[1]
    draws = generator.random((len(x), 1))
    labels = (draws > probabilities.cumsum(axis=1)).sum(axis=1).clip(0, n_classes - 1)
    fold = _fold(x, labels.astype(np.int64), n_train, n_valid)
    valid = slice(n_train, n_train + n_valid)
    fresh = slice(n_train + n_valid, None)
    frequencies = (np.bincount(labels[:n_train], minlength=n_classes) + 1e-3) / n_train
    chosen = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0].clip(1e-12)
    task: Task = "binary" if n_classes == 2 else "multiclass"
    loss = "binary_cross_entropy" if n_classes == 2 else "cross_entropy"
    return World(
        dataset=Dataset(task, loss, n_classes, (fold,)),
        noise_loss=float(-np.log(chosen[fresh]).mean()),
        baseline_loss=float(-np.log(frequencies[labels[valid]]).mean()),
    )


def _fold(x: np.ndarray, targets: np.ndarray, n_train: int, n_valid: int) -> Fold:
    numeric = torch.tensor(x, dtype=torch.float32)
    labels = torch.tensor(targets)
    no_codes = torch.zeros((len(x), 0), dtype=torch.int64)
    bounds = [(0, n_train), (n_train, n_train + n_valid), (n_train + n_valid, len(x))]
    train, valid, test = (
        Split(TableInputs(numeric[a:b], numeric[a:b], no_codes[a:b]), labels[a:b])
        for a, b in bounds
    )
    return Fold(train, valid, test, TableEncoding(_scalings(table_inputs(train.inputs).numeric)))


def _scalings(inputs: torch.Tensor) -> dict[str, InputScaling]:
    """Standard scaling, whatever is asked for: columns here are alike."""
    mean, spread = inputs.mean(0), inputs.std(0).clamp_min(1e-6)
    names = ("standard", "min_max", "robust", "quantile")
    return dict.fromkeys(names, InputScaling(mean, 1 / spread))


def teacher(generator: np.random.Generator, x: np.ndarray, n_outputs: int) -> np.ndarray:
    """A random network with one hidden layer of 6 to 12 tanh units, far from linear.

    Shape:
        x: (N, D) -> (N, n_outputs), each column with mean 0 and spread 1.
    """
    n_features, width = x.shape[1], int(generator.integers(6, 13))
    first = generator.normal(size=(n_features, width)) * 2.0 / math.sqrt(n_features)
    hidden = np.tanh(x @ first + generator.normal(size=width))
    outputs = hidden @ generator.normal(size=(width, n_outputs))
    return np.asarray((outputs - outputs.mean(0)) / outputs.std(0))


def teacher_world(
    generator: np.random.Generator,
    n_train: int,
    *,
    noise: tuple[float, float] = (0.02, 0.2),
    shift: float = 0.0,
) -> World:
    """A teacher network's targets with noise: regression, two or more classes, drawn.

    `shift` moves the first two columns of the validation rows, in standard deviations.
    """
    n_features, n_valid = int(generator.integers(3, 7)), int(generator.integers(300, 600))
    x = generator.normal(size=(n_train + n_valid + N_FRESH, n_features))
    x[n_train : n_train + n_valid, :2] += shift
    seed, share = int(generator.integers(2**31)), float(generator.uniform(*noise))
    n_classes = int(generator.choice([1, 2, 4]))
    if n_classes == 1:
        clean = teacher(generator, x, 1)[:, 0]
        return regression_world(x, clean, share, n_train, n_valid, seed)
    shares = class_shares(generator, x, n_classes, share)
    return class_world(x, shares, n_train, n_valid, seed)


def class_shares(
    generator: np.random.Generator, x: np.ndarray, n_classes: int, noise_share: float
) -> np.ndarray:
    """The probabilities of a teacher's classes; a share of the labels is drawn evenly.

    Shape:
        x: (N, D) -> (N, C).
    """
    scores = teacher(generator, x, n_classes) * generator.uniform(4, 8)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    shares = shares / shares.sum(1, keepdims=True)
    return np.asarray((1 - noise_share) * shares + noise_share / n_classes)


def with_column(world: World, column: Callable[[torch.Tensor], torch.Tensor]) -> World:
    """The same world with one more input, computed from the targets."""
    fold = world.dataset.folds[0]

    def extended(split: Split) -> Split:
        inputs = table_inputs(split.inputs)
        numeric = torch.cat([inputs.numeric, column(split.targets)[:, None].float()], dim=1)
        return replace(split, inputs=TableInputs(numeric, numeric, inputs.categories))

    train, valid, test = extended(fold.train), extended(fold.valid), extended(fold.test)
    longer = replace(
        fold,
        train=train,
        valid=valid,
        test=test,
        encoding=TableEncoding(_scalings(table_inputs(train.inputs).numeric)),
    )
    return replace(world, dataset=replace(world.dataset, folds=(longer,)))


def checked(world: World) -> tuple[DataCheckRecord, ...]:
    """What loading would keep of the world's data: leakage and shift."""
    fold, task = world.dataset.folds[0], world.dataset.task
    train, valid = (
        TreeInputs(
            tuple(f"x{place}" for place in range(numeric.shape[1])), numeric.double().numpy()
        )
        for numeric in (table_inputs(each.inputs).numeric for each in (fold.train, fold.valid))
    )
    rows, targets = sample_rows(np.arange(len(train)), seed=0), fold.train.targets.numpy()
    first = train.rows(sample_rows(np.arange(len(train)), seed=1))
    other = valid.rows(sample_rows(np.arange(len(valid)), seed=2))
    return (
        *leakage(train.rows(rows), targets[rows], "y", task),
        *shift(first, other, "train/valid"),
    )


def curve_world(
    generator: np.random.Generator,
    degree: int,
    x: np.ndarray,
    seed: int,
    sizes: tuple[int, int],
    noise_share: float,
    n_idle: int = 0,
) -> World:
    """The lecture's example: x sin(2 pi x) seen through polynomials up to a degree.

    The polynomials are Legendre's on [0, 1], so that gradient descent converges for all.
    """
    columns = legendre.legvander(2 * x - 1, degree)[:, 1:] * np.sqrt(2 * np.arange(degree) + 3)
    idle = np.random.default_rng(seed + 1).normal(size=(len(x), n_idle))
    clean = x * np.sin(2 * np.pi * x)
    return regression_world(np.hstack([columns, idle]), clean, noise_share, *sizes, seed)


def world_of_tables(case: Mapping[str, Any]) -> World:
    """A world given as lists of rows; the noise is not known, so nothing is checked."""
    x = np.array([*case["x_train"], *case["x_valid"], *case["x_fresh"]], dtype=float)
    y = np.array([*case["y_train"], *case["y_valid"], *case["y_fresh"]])
    n_train, n_valid = len(case["y_train"]), len(case["y_valid"])
    if case["task"] == "regression":
        return regression_world(x, y.astype(float), 0.0, n_train, n_valid, seed=0)
    certain = np.eye(int(y.max()) + 1)[y.astype(int)]
    return class_world(x, certain, n_train, n_valid, seed=0)
