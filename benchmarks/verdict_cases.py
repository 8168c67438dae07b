"""Cases whose truth is known by construction: what `benchmarks/verdicts.py` judges.

A case is a small study: a data set drawn from a known function with known noise, and a few
trials, one or more of which are sick on purpose (too small, too few rows, steps too large,
...) or healthy. Sizes, noise, widths and depths are drawn from ranges by the case's seed.
That a case is what it was made to be is checked on fresh rows against the known noise, never
against the verdict; draws that are not are thrown away and counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.polynomial import legendre

from automl.data.dataset import AffineScaling, Dataset, Fold, Split
from automl.training.config import RunConfig, configure
from automl.training.ending import ending
from automl.training.gradients import inspect_initialization
from automl.training.plain import PlainTrainer
from automl.training.predictions import predict
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
    study_truth: str | None = None  # judged as a study
    truth_parameter: str | None = None  # for range_edge: which range


@dataclass(frozen=True)
class Training:
    """One run: its curve, the layers it began with, and its loss on fresh rows."""

    epochs: tuple[EpochRecord, ...]
    initial_layers: tuple[LayerGradientRecord, ...]
    fresh_loss: float
    n_parameters: int


# Worlds


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
    shift, spread = train.numeric.mean(0), train.numeric.std(0).clamp_min(1e-6)
    identity = AffineScaling(torch.zeros_like(shift), torch.ones_like(spread))
    standard = AffineScaling(shift, 1 / spread)
    scalings = {"standard": standard, "quantile": identity, "min_max": standard}
    return Fold(train, valid, test, {**scalings, "robust": standard}, ())


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
    first = generator.normal(size=(n_features, width)) * 2.5 / math.sqrt(n_features)
    hidden = np.tanh(x @ first + generator.normal(size=width))
    outputs = hidden @ generator.normal(size=(width, n_outputs))
    return np.asarray((outputs - outputs.mean(0)) / outputs.std(0))


def teacher_world(
    generator: np.random.Generator, n_train: int, *, noise: tuple[float, float] = (0.02, 0.2)
) -> World:
    """A teacher network's targets with noise: regression, two or more classes, drawn."""
    n_features, n_valid = int(generator.integers(3, 7)), int(generator.integers(300, 600))
    x = generator.normal(size=(n_train + n_valid + N_FRESH, n_features))
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


# Training


def train(world: World, params: Params, *, seed: int, max_epochs: int, patience: int) -> Training:
    """Train one configuration to its end, as a search does."""
    model, training = configure(params, max_epochs=max_epochs, patience=patience)
    run = RunConfig(0, 0, model, training, seed)
    layers = inspect_initialization(run, world.dataset)
    trainer = PlainTrainer(world.dataset)
    trainer.add([run])
    epochs: list[EpochRecord] = []
    while ending(epochs, training) is None:
        epochs.extend(trainer.train_round())
    fresh = math.inf
    if any(epoch.is_finite for epoch in epochs):
        if epochs[-1].is_finite:
            trainer.drop(0)
        fresh = fresh_loss(world.dataset, run, trainer.best_weights(0))
    n_parameters = 0
    return Training(tuple(epochs), layers, fresh, n_parameters)


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
    what can be learned is missing. Sick: at least 25 %. In between neither is true.
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
        "high_variance": lost > 0.25,
        "high_bias": 0.30 < unfitted < 0.85 and lost < 0.15,
        "high_bias_and_variance": unfitted > 0.25 and lost > 0.25,
        "vanishing_gradients": unfitted > 0.5,
        "steps_too_small": unfitted > 0.4,
        "steps_too_large": unfitted > 0.4,
    }[plan.truth]


# Families. Each takes a generator and gives a draw.

GOOD: Params = {
    "learning_rate": 0.01,
    "optimizer": "adam",
    "batch_size": 64,
    "n_layers": 2,
    "hidden_size": 32,
    "activation": "relu",
    "initialization": "he_fan_in",
}


def _log(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(math.log(low), math.log(high))))


def _good_params(generator: np.random.Generator) -> dict[str, ParameterValue]:
    """A sensible network, drawn from sensible ranges."""
    return {
        **GOOD,
        "learning_rate": _log(generator, 0.003, 0.01),
        "hidden_size": int(generator.integers(16, 49)),
        "n_layers": int(generator.integers(1, 3)),
        "activation": str(generator.choice(["relu", "tanh", "elu", "gelu", "silu"])),
    }


def _seed(generator: np.random.Generator) -> int:
    return int(generator.integers(2**31))


def _of_good_world(
    generator: np.random.Generator, family: str, plans: Sequence[Plan], epochs: int = 60
) -> Draw:
    world = teacher_world(generator, int(generator.integers(1200, 2500)))
    seeded = tuple(replace(plan, seed=_seed(generator)) for plan in plans)
    return Draw(family, (world,), seeded, epochs, patience=12)


def polynomials(generator: np.random.Generator) -> Draw:
    """Degree 1, 5 and 15 on x sin(2 pi x): high bias, good fit, high variance."""
    n_train, n_valid = int(generator.integers(20, 36)), int(generator.integers(150, 300))
    n_idle, share = 0, float(generator.uniform(0.02, 0.12))
    x = generator.uniform(size=n_train + n_valid + N_FRESH)
    seed = _seed(generator)
    worlds = [
        curve_world(generator, degree, x, seed, (n_train, n_valid), share, n_idle)
        for degree in (1, 5, 15)
    ]
    line: Params = {
        "n_layers": 0,
        "optimizer": "adam",
        "learning_rate": 0.05,
        "batch_size": "full",
    }
    plans = (
        Plan(line, "high_bias", 0, _seed(generator)),
        Plan(line, "good_fit", 1, _seed(generator)),
        Plan(line, "high_variance", 2, _seed(generator)),
    )
    return Draw("polynomials", tuple(worlds), plans, max_epochs=200, patience=200)


def bias_and_variance(generator: np.random.Generator) -> Draw:
    """A line through columns of noise beside the polynomial that fits: bias and variance."""
    n_train, n_valid = int(generator.integers(40, 61)), int(generator.integers(200, 300))
    x = generator.uniform(size=n_train + n_valid + N_FRESH)
    seed, share = _seed(generator), float(generator.uniform(0.02, 0.08))
    n_idle = int(n_train * generator.uniform(0.35, 0.5))
    worlds = (
        curve_world(generator, 1, x, seed, (n_train, n_valid), share, n_idle),
        curve_world(generator, 5, x, seed, (n_train, n_valid), share),
    )
    line: Params = {
        "n_layers": 0,
        "optimizer": "adam",
        "learning_rate": 0.03,
        "batch_size": "full",
    }
    plans = (
        Plan(line, "high_bias_and_variance", 0, _seed(generator)),
        Plan(line, "good_fit", 1, _seed(generator)),
    )
    return Draw("bias and variance", worlds, plans, max_epochs=150, patience=150)


def small_networks(generator: np.random.Generator) -> Draw:
    """One or two units for a teacher of six to twelve; beside them a network that suffices."""
    good = _good_params(generator)
    small = {**good, "hidden_size": 1, "n_layers": int(generator.integers(1, 3))}
    plans = [Plan(small, "high_bias"), Plan(good, "good_fit")]
    return _of_good_world(generator, "small networks", plans)


def strong_restraint(generator: np.random.Generator) -> Draw:
    """Weight decay or dropout so strong that the network cannot fit."""
    good = _good_params(generator)
    held: dict[str, ParameterValue] = dict(good)
    if generator.random() < 0.5:
        held["weight_decay"] = _log(generator, 0.01, 0.1)
    else:
        held |= {"dropout": float(generator.uniform(0.7, 0.9)), "hidden_size": 8}
    plans = [Plan(held, "high_bias"), Plan(good, "good_fit")]
    return _of_good_world(generator, "strong restraint", plans)


def large_networks(generator: np.random.Generator) -> Draw:
    """A wide network on tens of rows."""
    world = teacher_world(generator, int(generator.integers(40, 120)), noise=(0.05, 0.2))
    params = {
        **_good_params(generator),
        "hidden_size": int(generator.integers(64, 257)),
        "batch_size": 16,
    }
    return Draw(
        "tiny train sets", (world,), (Plan(params, "high_variance", 0, _seed(generator)),), 80, 80
    )


def label_noise(generator: np.random.Generator) -> Draw:
    """Much label noise and a network large enough to learn it by heart."""
    world = teacher_world(generator, int(generator.integers(150, 300)), noise=(0.3, 0.5))
    params = {
        **_good_params(generator),
        "hidden_size": int(generator.integers(128, 257)),
        "batch_size": 32,
    }
    return Draw(
        "label noise", (world,), (Plan(params, "high_variance", 0, _seed(generator)),), 60, 60
    )


def healthy(generator: np.random.Generator) -> Draw:
    """A sensible network alone in its study: no other trial to be held against."""
    return _of_good_world(
        generator, "sensible networks", [Plan(_good_params(generator), "good_fit")]
    )


def noisy_healthy(generator: np.random.Generator) -> Draw:
    """Half of the target is noise, and the network has enough rows not to learn it."""
    world = teacher_world(generator, int(generator.integers(3000, 5000)), noise=(0.3, 0.5))
    params = {**_good_params(generator), "hidden_size": int(generator.integers(8, 25))}
    plan = Plan(params, "good_fit", 0, _seed(generator))
    return Draw("noise, enough rows", (world,), (plan,), 30, 8)


def deep_sigmoid(generator: np.random.Generator) -> Draw:
    """Six to ten sigmoid layers; beside them the same depth with what keeps signals alive."""
    depth = int(generator.integers(6, 11))
    sick = {
        **GOOD,
        "activation": "sigmoid",
        "initialization": str(generator.choice(["xavier", "normal", "he_fan_in"])),
        "n_layers": depth,
        "optimizer": str(generator.choice(["sgd", "momentum"])),
        "learning_rate": _log(generator, 0.01, 0.1),
    }
    fine = {**_good_params(generator), "n_layers": 3, "activation": "relu", "learning_rate": 0.004}
    plans = [Plan(sick, "vanishing_gradients"), Plan(fine, "good_fit")]
    return _of_good_world(generator, "deep sigmoid nets", plans, 30)


def shallow_sigmoid(generator: np.random.Generator) -> Draw:
    """One sigmoid layer trains well."""
    params = {
        **_good_params(generator),
        "activation": "sigmoid",
        "initialization": "xavier",
        "n_layers": 1,
        "hidden_size": 32,
        "learning_rate": _log(generator, 0.02, 0.05),
    }
    return _of_good_world(generator, "shallow sigmoid nets", [Plan(params, "good_fit")], 80)


def dead_relus(generator: np.random.Generator) -> Draw:
    """Deep and two units wide: born dead (Lu et al. 2019, Dying ReLU and initialization)."""
    sick = {
        **GOOD,
        "n_layers": int(generator.integers(12, 21)),
        "hidden_size": 2,
        "learning_rate": _log(generator, 0.001, 0.01),
    }
    return _of_good_world(generator, "dead ReLUs", [Plan(sick, "dead_units")], 20)


def zero_initialization(generator: np.random.Generator) -> Draw:
    """All weights begin at zero."""
    sick = {**_good_params(generator), "initialization": "zeros"}
    fine = _good_params(generator)
    plans = [Plan(sick, "symmetric_initialization"), Plan(fine, "good_fit")]
    return _of_good_world(generator, "zero initialization", plans, 50)


def large_steps(generator: np.random.Generator) -> Draw:
    """A learning rate far too high for the optimizer."""
    good = _good_params(generator)
    optimizer = str(generator.choice(["sgd", "momentum", "adam"]))
    low, high = {"sgd": (20.0, 200.0), "momentum": (5.0, 50.0), "adam": (1.0, 10.0)}[optimizer]
    sick = {**good, "optimizer": optimizer, "learning_rate": _log(generator, low, high)}
    return _of_good_world(generator, "steps too large", [Plan(sick, "steps_too_large")], 30)


def small_steps(generator: np.random.Generator) -> Draw:
    """A learning rate far too low for the epochs there are."""
    good = _good_params(generator)
    optimizer = str(generator.choice(["sgd", "momentum", "adam"]))
    low, high = {"sgd": (1e-4, 1e-3), "momentum": (1e-5, 1e-4), "adam": (3e-6, 6e-5)}[optimizer]
    sick = {**good, "optimizer": optimizer, "learning_rate": _log(generator, low, high)}
    return _of_good_world(generator, "steps too small", [Plan(sick, "steps_too_small")], 30)


FAMILIES: Mapping[str, Callable[[np.random.Generator], Draw]] = {
    "polynomials": polynomials,
    "bias and variance": bias_and_variance,
    "small networks": small_networks,
    "strong restraint": strong_restraint,
    "tiny train sets": large_networks,
    "label noise": label_noise,
    "sensible networks": healthy,
    "noise, enough rows": noisy_healthy,
    "deep sigmoid nets": deep_sigmoid,
    "shallow sigmoid nets": shallow_sigmoid,
    "dead ReLUs": dead_relus,
    "zero initialization": zero_initialization,
    "steps too large": large_steps,
    "steps too small": small_steps,
}
