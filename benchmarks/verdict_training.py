"""From a draw to a stored study: cases are trained as a search does, and become records.

A `Draw` is a small study to be trained on worlds (`verdict_worlds.py`), with the verdict that
each of its trials must get. That a trial is what it was made to be is checked on fresh rows
against the known noise, never against the verdict (`is_as_made`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import ArrayLike

from automl.data.dataset import Dataset
from automl.data.references import fit_references
from automl.executors.choosing import make_executor
from automl.models.mlp.family import MLP_FAMILY
from automl.training.config import RunConfig, configure
from automl.training.gradients import inspect_initialization
from automl.training.metrics import resample
from automl.training.predictions import predict
from automl.tuning.evaluation import reference_record
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.planned_training import train_runs
from benchmarks.verdict_worlds import World
from storage.records import (
    DataCheckRecord,
    EpochRecord,
    Json,
    LayerGradientRecord,
    ParameterValue,
    RunRecord,
    StudyRecords,
    StudySettings,
    TrialRecord,
)
from storage.score_records import AnswerMember, AnswerRecord, EvaluationRecord

Params = Mapping[str, ParameterValue]


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
    beyond: Mapping[str, tuple[float, float, bool]] = field(default_factory=dict)
    # of range_edge: low, high, log of the ranges that would have the optimum
    fixed: Params = field(default_factory=dict)  # of a search: what does not vary


@dataclass(frozen=True)
class Training:
    """One run: its curve, the layers it began with, and its loss on fresh rows."""

    epochs: tuple[EpochRecord, ...]
    initial_layers: tuple[LayerGradientRecord, ...]
    fresh_loss: float
    n_parameters: int
    valid_predictions: np.ndarray | None  # of the best epoch; None where none was finite


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
    planned = []
    for run_id, (params, seed) in enumerate(tried):
        model, training = configure(params, family="mlp", max_epochs=max_epochs, patience=patience)
        config = RunConfig(run_id, run_id, "mlp", model, training, seed)
        planned.append(PlannedRun("search", "", config))
    with make_executor(world.dataset, workers=1) as executor:
        ended = train_runs(executor, planned, keep="best")
    return [_training(run, world.dataset) for run in ended]


def _training(run: EndedRun, dataset: Dataset) -> Training:
    config, weights = run.planned.config, run.weights  # no weights: no epoch was finite
    predictions = None
    if weights is not None:
        predictions = predict(config, weights, dataset, "valid").double().numpy()
    return Training(
        run.curve,
        inspect_initialization(config, dataset),
        math.inf if weights is None else fresh_loss(dataset, config, weights),
        MLP_FAMILY.n_parameters(config.model, dataset.describe()),
        predictions,
    )


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
    known = [trial for trial in trials if trial.value is not None and trial.cause is None]
    best = min(known, key=lambda trial: trial.value or 0.0, default=trials[0])
    answer = AnswerRecord("single", (AnswerMember(best.number, 1.0),), best.number, answer_id=1)
    return StudyRecords(
        settings=_settings(draw),
        trials=tuple(trials),
        runs=tuple(runs),
        epochs=epochs,
        initial_layers=layers,
        data_checks=draw.data_checks,
        answers=(answer,),
        evaluations=(_evaluation(draw, trainings, best.number, answer),),
    )


def _evaluation(
    draw: Draw, trainings: Sequence[Training], best: int, answer: AnswerRecord
) -> EvaluationRecord:
    """The best trial beside the references, on the validation rows of its world."""
    dataset = draw.worlds[draw.plans[best].world].dataset
    network = trainings[best].valid_predictions
    fold = dataset.folds[0]
    predictions: dict[str, ArrayLike] = {} if network is None else {"network": network}
    fitted = fit_references(dataset)
    predictions.update((name, by_fold[0].valid.numpy()) for name, by_fold in fitted.items())
    found = resample(
        predictions,
        fold.original_targets("valid").numpy(),
        task=dataset.task,
        loss=dataset.loss,
        target_scale=fold.target_scale,
    )
    scores = {} if network is None else found["network"].scores
    intervals = {} if network is None else found["network"].intervals
    references = tuple(reference_record(name, found) for name in fitted)
    return EvaluationRecord(answer.answer_id, "valid", scores, intervals, references)


def _settings(draw: Draw) -> StudySettings:
    dataset = draw.worlds[0].dataset
    fold = dataset.folds[0]
    return StudySettings(
        study_name=draw.family,
        task=dataset.task,
        loss=dataset.loss,
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
        n_features=fold.encoding.n_features,
        target_error=draw.target_error,
    )


def is_as_made(plan: Plan, training: Training, world: World) -> bool:
    """Whether a trial is what it was made to be, by fresh rows and the known noise.

    Healthy: of what it learned at most 10 % does not hold for fresh rows, and at most 20 % of
    what can be learned is missing; that is much of guessing's loss, or little. Sick of variance:
    more than 25 % does not hold, or is missing although the train rows are fitted better than
    the true function fits them. Sick of bias: more than 30 % is missing on the train rows
    themselves. Between healthy and sick there is a gap, where neither word would be true.
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
    explainable = learnable / world.baseline_loss
    if plan.truth == "dead_units":
        return any(layer.dead_fraction == 1 for layer in training.initial_layers)
    return {
        "good_fit": lost < 0.10 and missing < 0.20 and explainable > 0.3,
        "weak_signal": lost < 0.10 and missing < 0.20 and explainable < 0.15,
        "high_variance": lost > 0.25 or (missing > 0.25 and unfitted < 0),
        "high_bias": 0.30 < unfitted < 0.85 and lost < 0.15,
        "over_regularized": unfitted > 0.30 and lost < 0.15,
        "high_bias_and_variance": unfitted > 0.25 and lost > 0.25,
        "vanishing_gradients": unfitted > 0.5,
        "steps_too_small": unfitted > 0.4,
        "steps_too_large": unfitted > 0.4,
    }[plan.truth]
