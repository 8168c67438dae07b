"""Small studies on known functions with known noise: what the verdicts' cases are made of.

A `World` is a data set drawn from a known function; a `Draw` is a small study to be trained
on it, with the verdict that each trial must get. That a trial is what it was made to be is
checked on fresh rows against the known noise, never against the verdict (`is_as_made`).
The families of cases are in `verdict_cases.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.polynomial import legendre

from automl.data.dataset import AffineScaling, Dataset, Fold, Split
from automl.data.probes import leakage, shift
from automl.data.targets import Target
from automl.models.mlp import n_parameters
from automl.training.config import RunConfig, configure
from automl.training.ending import ending
from automl.training.gradients import inspect_initialization
from automl.training.predictions import predict
from automl.training.stacked import StackedTrainer
from storage.records import (
    DataCheckRecord,
    EpochRecord,
    EvaluationRecord,
    Json,
    LayerGradientRecord,
    ParameterValue,
    RunRecord,
    StudyRecords,
    StudySettings,
    Task,
    TrialRecord,
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
    linear_loss: float
    baseline_metric: float


@dataclass(frozen=True)
class Plan:
    """One trial of a case: its params, and the verdict it must get (None: not judged)."""

    params: Params
    truth: str | None = None
    world: int = 0  # which of the case's data sets it is trained on
    seed: int = 0


@dataclass(frozen=True)
class Draw:
    """A case before training."""

    family: str
    worlds: tuple[World, ...]
    plans: tuple[Plan, ...]
    max_epochs: int
    patience: int
    space: Mapping[str, Json] = field(default_factory=dict)
    target_error: float | None = None
    data_checks: tuple[DataCheckRecord, ...] = ()
    study_truth: str | None = None  # the verdict that the study as a whole must get
    edge: str | None = None  # of range_edge: which hyperparameter's range ends too early
    fixed: Params = field(default_factory=dict)  # of a search: what does not vary


@dataclass(frozen=True)
class Training:
    """One run: its curve, the layers it began with, and its loss on fresh rows."""

    epochs: tuple[EpochRecord, ...]
    initial_layers: tuple[LayerGradientRecord, ...]
    fresh_loss: float
    n_parameters: int


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
        linear_loss=_ridge_loss(x, targets, n_train, valid),
        baseline_metric=float(targets[valid].std() * scale),
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
        linear_loss=_logistic_loss(x, labels, n_train, valid),
        baseline_metric=float((labels[valid] != frequencies.argmax()).mean()),
    )


def _fold(x: np.ndarray, targets: np.ndarray, n_train: int, n_valid: int) -> Fold:
    numeric = torch.tensor(x, dtype=torch.float32)
    labels = torch.tensor(targets)
    no_codes = torch.zeros((len(x), 0), dtype=torch.int64)
    bounds = [(0, n_train), (n_train, n_train + n_valid), (n_train + n_valid, len(x))]
    train, valid, test = (
        Split(numeric[a:b], numeric[a:b], no_codes[a:b], labels[a:b]) for a, b in bounds
    )
    return Fold(train, valid, test, _scalings(train.numeric), ())


def _scalings(inputs: torch.Tensor) -> dict[str, AffineScaling]:
    """Standard scaling, whatever is asked for: columns here are alike."""
    mean, spread = inputs.mean(0), inputs.std(0).clamp_min(1e-6)
    names = ("standard", "min_max", "robust", "quantile")
    return dict.fromkeys(names, AffineScaling(mean, 1 / spread))


def _ridge_loss(x: np.ndarray, y: np.ndarray, n_train: int, valid: slice) -> float:
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x[:n_train])
    model = RidgeCV(np.logspace(-3, 3, 13)).fit(scaler.transform(x[:n_train]), y[:n_train])
    return float(((model.predict(scaler.transform(x[valid])) - y[valid]) ** 2).mean())


def _logistic_loss(x: np.ndarray, labels: np.ndarray, n_train: int, valid: slice) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x[:n_train])
    model = LogisticRegression(max_iter=500).fit(scaler.transform(x[:n_train]), labels[:n_train])
    shares = model.predict_proba(scaler.transform(x[valid]))
    return float(log_loss(labels[valid], shares, labels=model.classes_))


def _teacher(generator: np.random.Generator, x: np.ndarray, n_outputs: int) -> np.ndarray:
    """A random network with one hidden layer of 6 to 12 tanh units, far from linear."""
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
        clean = _teacher(generator, x, 1)[:, 0]
        return regression_world(x, clean, share, n_train, n_valid, seed)
    scores = _teacher(generator, x, n_classes) * generator.uniform(4, 8)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    shares = shares / shares.sum(1, keepdims=True)
    shares = (1 - share) * shares + share / n_classes  # label noise
    return class_world(x, shares, n_train, n_valid, seed)


def with_column(world: World, column: Callable[[torch.Tensor], torch.Tensor]) -> World:
    """The same world with one more input, computed from the targets."""
    fold = world.dataset.folds[0]

    def extended(split: Split) -> Split:
        numeric = torch.cat([split.numeric, column(split.targets)[:, None].float()], dim=1)
        return replace(split, numeric=numeric, quantile=numeric)

    train, valid, test = extended(fold.train), extended(fold.valid), extended(fold.test)
    longer = replace(fold, train=train, valid=valid, test=test, scalings=_scalings(train.numeric))
    return replace(world, dataset=replace(world.dataset, folds=(longer,)))


def checked(world: World) -> tuple[DataCheckRecord, ...]:
    """What loading would keep of the world's data: leakage and shift."""
    fold, task = world.dataset.folds[0], world.dataset.task
    classes = tuple(str(code) for code in range(world.dataset.n_classes))
    goal = Target("y", task, world.dataset.loss, () if task == "regression" else classes)
    rows = torch.cat([fold.train.numeric, fold.valid.numeric]).double().numpy()
    table = pd.DataFrame(rows, columns=[f"x{i}" for i in range(rows.shape[1])])
    train = np.arange(len(fold.train))
    valid = np.arange(len(fold.train), len(rows))
    return (
        *leakage(table.iloc[train], fold.train.targets.numpy(), goal),
        *shift(table, train, valid, "train/valid"),
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


def train_plans(draw: Draw) -> list[Training]:
    """Train all plans of a draw as a search does; those on one world as one stack."""
    trainings: dict[int, Training] = {}
    for place, world in enumerate(draw.worlds):
        here = [n for n, plan in enumerate(draw.plans) if plan.world == place]
        tried = [(draw.plans[n].params, draw.plans[n].seed) for n in here]
        done = train(world, tried, max_epochs=draw.max_epochs, patience=draw.patience)
        trainings.update(zip(here, done, strict=True))
    return [trainings[number] for number in range(len(draw.plans))]


def train(
    world: World, tried: Sequence[tuple[Params, int]], *, max_epochs: int, patience: int
) -> list[Training]:
    """Train configurations, each with its seed, to their ends."""
    runs = []
    for run_id, (params, seed) in enumerate(tried):
        model, training = configure(params, max_epochs=max_epochs, patience=patience)
        runs.append(RunConfig(run_id, run_id, model, training, seed))
    trainer = StackedTrainer(world.dataset)
    trainer.add(runs)
    curves: list[list[EpochRecord]] = [[] for _ in runs]
    while trainer.active:
        for record in trainer.train_round():
            curves[record.run_id].append(record)
            over = ending(curves[record.run_id], runs[record.run_id].training)
            if over and record.run_id in trainer.active:  # a diverged run is dropped already
                trainer.drop(record.run_id)
    return [
        Training(
            tuple(curve),
            inspect_initialization(run, world.dataset),
            _fresh_loss(world.dataset, run, trainer, curve),
            n_parameters(run.model, world.dataset),
        )
        for run, curve in zip(runs, curves, strict=True)
    ]


def _fresh_loss(
    dataset: Dataset, run: RunConfig, trainer: StackedTrainer, curve: Sequence[EpochRecord]
) -> float:
    if not any(epoch.is_finite for epoch in curve):
        return math.inf
    return fresh_loss(dataset, run, trainer.best_weights(run.run_id))


def fresh_loss(dataset: Dataset, run: RunConfig, weights: Mapping[str, torch.Tensor]) -> float:
    """The loss on the fresh rows."""
    predicted = predict(run, weights, dataset, "test").double()
    fold = dataset.folds[0]
    if dataset.task == "regression":
        standardized = (predicted - fold.target_mean) / fold.target_scale
        return float(((standardized - fold.test.targets) ** 2).mean())
    chosen = predicted.gather(1, fold.test.targets[:, None])[:, 0].clamp_min(1e-12)
    return float(-chosen.log().mean())


def records_of(draw: Draw, trainings: Sequence[Training]) -> StudyRecords:
    """The case as a stored study."""
    world = draw.worlds[0]
    trials, runs, epochs, layers = [], [], {}, {}
    for number, (plan, training) in enumerate(zip(draw.plans, trainings, strict=True)):
        finite = [epoch for epoch in training.epochs if epoch.is_finite]
        diverged = not training.epochs[-1].is_finite
        value = min((epoch.valid_loss for epoch in finite), default=None)
        trials.append(
            TrialRecord(
                number,
                "PRUNED" if diverged else "COMPLETE",
                plan.params,
                value,
                "diverged" if diverged else None,
            )
        )
        runs.append(
            RunRecord(number, number, "search", plan.seed, n_parameters=training.n_parameters)
        )
        epochs[number] = tuple(replace(epoch, run_id=number) for epoch in training.epochs)
        layers[number] = training.initial_layers
    return StudyRecords(
        settings=_settings(draw),
        trials=tuple(trials),
        runs=tuple(runs),
        epochs=epochs,
        initial_layers=layers,
        data_checks=draw.data_checks,
        evaluations=(
            EvaluationRecord(
                0,
                "valid",
                scores={},
                baseline={
                    "loss": world.baseline_loss,
                    world.dataset.metric: world.baseline_metric,
                },
                linear={"loss": world.linear_loss},
            ),
        ),
    )


def _settings(draw: Draw) -> StudySettings:
    dataset = draw.worlds[0].dataset
    fold = dataset.folds[0]
    return StudySettings(
        study_name=draw.family,
        task=dataset.task,
        loss=dataset.loss,
        metric=dataset.metric,
        target="y",
        data_source="benchmarks/verdict_cases.py",
        data_fingerprint="",
        split={},
        space=draw.space,
        max_epochs=draw.max_epochs,
        patience=draw.patience,
        seed=0,
        class_names=tuple(str(code) for code in range(dataset.n_classes)),
        n_rows={"train": len(fold.train), "valid": len(fold.valid), "test": len(fold.test)},
        n_features=fold.n_features,
        target_error=draw.target_error,
    )


def is_as_made(plan: Plan, training: Training, world: World) -> bool:
    """Whether a trial is what it was made to be, by fresh rows and the known noise.

    Healthy: of what it learned at most 10 % does not hold for fresh rows, and at most 20 % of
    what can be learned is missing. Sick of variance: more than 25 % does not hold, or is
    missing although the train rows are fitted better than the true function fits them. Sick
    of bias: more than 30 % is missing on the train rows themselves. Between healthy and sick
    there is a gap, where neither word would be true.
    """
    finite = [epoch for epoch in training.epochs if epoch.is_finite]
    if plan.truth is None or plan.truth == "symmetric_initialization":
        return True
    if not finite:
        return plan.truth == "steps_too_large"
    best = min(finite, key=lambda epoch: epoch.valid_loss)
    learnable = world.baseline_loss - world.noise_loss
    missing = (training.fresh_loss - world.noise_loss) / learnable
    learned = max(1e-9, world.baseline_loss - best.train_loss)
    lost = (training.fresh_loss - best.train_loss) / learned
    unfitted = (min(epoch.train_loss for epoch in finite) - world.noise_loss) / learnable
    if plan.truth == "dead_units":
        return any(layer.dead_fraction == 1 for layer in training.initial_layers)
    return {
        "good_fit": lost < 0.10 and missing < 0.20,
        "high_variance": lost > 0.25 or (missing > 0.25 and unfitted < 0),
        "high_bias": 0.30 < unfitted < 0.85 and lost < 0.15,
        "high_bias_and_variance": unfitted > 0.25 and lost > 0.25,
        "vanishing_gradients": unfitted > 0.5,
        "steps_too_small": unfitted > 0.4,
        "steps_too_large": unfitted > 0.4,
    }[plan.truth]
