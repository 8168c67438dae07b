"""Realistic `StudyRecords` without training anything: for tests of what reads records.

Loss curves are exponentials towards a floor that depends on the parameters (a bowl in the
learning rate, worse without depth, vanishing with sigmoid at depth), validation departs from
train with the network's size, a third of the trials is pruned by a successive-halving-like
rule, and steep learning rates diverge.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

from storage.answers import single_answer
from storage.call_records import PolicyRecord
from storage.records import (
    Advice,
    ArtifactRecord,
    DataCheckRecord,
    Diagnosis,
    EpochRecord,
    LayerGradientRecord,
    ParameterValue,
    RunRecord,
    SpaceChange,
    StudyRecords,
    StudySettings,
    Task,
    TrialRecord,
)
from storage.score_records import EvaluationRecord, PairedDifference, ReferenceRecord

SPACE: dict[str, Any] = {
    "name": "mlp",
    "parameters": {
        "learning_rate": {"type": "float", "low": 1e-5, "high": 0.3, "log": True,
                          "reason": "Adam and SGD optima of small networks lie within."},
        "batch_size": {"type": "categorical", "choices": [16, 32, 64, 128, 256, 512, "full"]},
        "optimizer": {"type": "categorical", "choices": ["sgd", "momentum", "adam", "adamw"]},
        "momentum": {"type": "float", "low": 0.5, "high": 0.99, "log": False,
                     "when": {"optimizer": ["momentum"]}},
        "n_layers": {"type": "int", "low": 1, "high": 6, "log": False},
        "hidden_size": {"type": "int", "low": 8, "high": 256, "log": True},
        "activation": {"type": "categorical", "choices": ["sigmoid", "tanh", "relu", "gelu"]},
        "initialization": {"type": "categorical", "choices": ["normal", "xavier", "he"]},
        "dropout": {"type": "float", "low": 0.0, "high": 0.5, "log": False},
        "weight_decay": {"type": "float", "low": 1e-7, "high": 0.1, "log": True},
        "max_norm": {"type": "categorical", "choices": ["none", 1.0, 3.0]},
        "scaling": {"type": "fixed", "value": "standard"},
    },
}  # fmt: skip


def synthetic_study(
    n_trials: int = 60,
    *,
    task: Task = "multiclass",
    n_epochs: int = 40,
    seed: int = 0,
    name: str = "digits-target",
    n_folds: int = 1,
) -> StudyRecords:
    """A study of `n_trials` finished trials, the same for the same arguments."""
    source = random.Random(seed)
    trials: list[TrialRecord] = []
    runs: list[RunRecord] = []
    epochs: dict[int, tuple[EpochRecord, ...]] = {}
    initial: dict[int, tuple[LayerGradientRecord, ...]] = {}
    clock = 1_780_000_000.0
    best = math.inf
    for number in range(n_trials):
        params = draw_params(source)
        outcome = _outcome(params, source, number)
        seconds = 0.0
        values = []
        for fold in range(n_folds):
            run_id = 1 + number * n_folds + fold
            curve, cause = _curve(run_id, params, outcome, n_epochs, source)
            state = {"COMPLETE": "complete", "PRUNED": "pruned"}[outcome]
            runs.append(
                RunRecord(run_id, number, "search", seed + number, fold=fold,
                          state="failed" if cause == "diverged" else state,  # type: ignore[arg-type]
                          cause=cause, n_parameters=_n_parameters(params))
            )  # fmt: skip
            epochs[run_id] = curve
            initial[run_id] = _layers(params, 0, source)
            seconds += sum(epoch.seconds for epoch in curve)
            values.append(min(e.valid_loss for e in curve if math.isfinite(e.valid_loss)))
        value = sum(values) / n_folds
        diverged = cause == "diverged"
        best = min(best, value)
        begin = clock + (number % 4) * 0.05
        clock += seconds / 4
        trials.append(
            TrialRecord(number, "PRUNED" if diverged else outcome, params, value,  # type: ignore[arg-type]
                        "diverged" if diverged else None, begin, begin + seconds)
        )  # fmt: skip
    records = StudyRecords(
        settings=_settings(name, task, n_epochs, seed),
        trials=tuple(trials),
        runs=tuple(runs),
        epochs=epochs,
        initial_layers=initial,
        policies=(PolicyRecord(0, "tpe", "successive_halving"),),
        data_checks=(DataCheckRecord("duplicated_rows", "train/test", 3.0),),
        artifacts=(
            ArtifactRecord("a1", "weights", 0, 1, None, "trial-0.safetensors", 40_000, "0" * 64),
        ),
        diagnoses=(_verdict(),),
    )
    return _with_evaluation(records, task)


def _settings(name: str, task: Task, n_epochs: int, seed: int) -> StudySettings:
    regression = task == "regression"
    losses = {"regression": "mean_squared", "binary": "binary_cross_entropy"}
    return StudySettings(
        study_name=name,
        task=task,
        loss=losses.get(task, "cross_entropy"),
        target="target",
        data_source="sklearn:digits",
        data_fingerprint="5f0c1a8e9b2d7c64" * 2,
        split={"kind": "stratified", "train": 0.6, "valid": 0.2, "test": 0.2, "seed": 0},
        space=SPACE,
        max_epochs=n_epochs,
        patience=15,
        epoch_steps=256,
        seed=seed,
        class_names=() if regression else tuple("ab" if task == "binary" else "0123456789"),
        n_rows={"train": 1078, "valid": 359, "test": 360},
        n_features=64,
        columns={f"pixel_{i}": "numeric" for i in range(64)},
        command="automl search sklearn:digits --target target --n-trials 60",
        versions={"python": "3.11.9", "torch": "2.13.0", "optuna": "5.0.0"},
        created_at=1_780_000_000.0,
    )


def draw_params(source: random.Random) -> dict[str, ParameterValue]:
    """One configuration of `SPACE`, its condition respected."""
    params: dict[str, ParameterValue] = {}
    for name, entry in SPACE["parameters"].items():
        wanted = entry.get("when", {})
        if any(params.get(key) not in values for key, values in wanted.items()):
            continue
        if entry["type"] == "fixed":
            params[name] = entry["value"]
        elif entry["type"] == "categorical":
            params[name] = source.choice(entry["choices"])
        else:
            low, high = float(entry["low"]), float(entry["high"])
            if entry["log"]:
                number = 10 ** source.uniform(math.log10(low), math.log10(high))
            else:
                number = source.uniform(low, high)
            params[name] = round(number) if entry["type"] == "int" else number
    return params


def _floor(params: dict[str, ParameterValue]) -> float:
    """The train loss that a configuration tends to."""
    rate = math.log10(float(params["learning_rate"]))  # type: ignore[arg-type]
    loss = 0.03 + 0.12 * (rate + 2.4) ** 2
    if params["activation"] == "sigmoid":
        loss += 0.25 * (int(params["n_layers"]) - 1)  # type: ignore[arg-type]
    if params["optimizer"] == "sgd":
        loss += 0.15
    return loss + 0.1 * float(params["dropout"])  # type: ignore[arg-type]


def _outcome(params: dict[str, ParameterValue], source: random.Random, number: int) -> str:
    if number < 5:
        return "COMPLETE"
    return "PRUNED" if _floor(params) > source.uniform(0.15, 0.8) else "COMPLETE"


def _curve(
    run_id: int,
    params: dict[str, ParameterValue],
    outcome: str,
    n_epochs: int,
    source: random.Random,
) -> tuple[tuple[EpochRecord, ...], str | None]:
    floor = _floor(params)
    size = math.log10(_n_parameters(params))
    speed = 0.05 + 0.25 * source.random()
    overfit = max(0.0, 0.012 * (size - 3.2)) * source.uniform(0.3, 1.5)
    explode = n_epochs + 1
    if float(params["learning_rate"]) > 0.15 and source.random() < 0.6:  # type: ignore[arg-type]
        explode = source.randint(2, 6)
    length = source.choice([2, 3, 4, 10]) if outcome == "PRUNED" else n_epochs
    if outcome == "COMPLETE" and source.random() < 0.4:
        length = source.randint(n_epochs // 2, n_epochs)
    records = []
    for epoch in range(1, length + 1):
        train = floor + 2.2 * math.exp(-speed * epoch) * source.uniform(0.96, 1.04)
        valid = train * 1.05 + 0.03 + overfit * epoch * source.uniform(0.8, 1.2)
        if epoch >= explode:
            train = valid = math.inf
        error = min(0.9, 0.3 * valid) if math.isfinite(valid) else 0.9
        layers = _layers(params, epoch, source) if epoch & (epoch - 1) == 0 else ()
        records.append(
            EpochRecord(run_id, epoch, epoch * 30, train, valid, 0.012, error * 0.9, error,
                        float(params["learning_rate"]), 1.5 * math.exp(-0.05 * epoch),  # type: ignore[arg-type]
                        0.01 + 0.02 * source.random(), layers)
        )  # fmt: skip
        if epoch >= explode:
            return tuple(records), "diverged"
    return tuple(records), "early_stopped" if length < n_epochs and outcome != "PRUNED" else None


def _layers(
    params: dict[str, ParameterValue], epoch: int, source: random.Random
) -> tuple[LayerGradientRecord, ...]:
    depth = int(params["n_layers"])  # type: ignore[arg-type]
    shrink = 0.08 if params["activation"] == "sigmoid" else 0.85
    if params["initialization"] == "normal":
        shrink *= 0.3
    layers = []
    for layer in range(depth + 1):
        norm = shrink ** (depth - layer) * math.exp(-0.03 * epoch) * source.uniform(0.8, 1.25)
        layers.append(
            LayerGradientRecord(
                layer=layer,
                name="output" if layer == depth else f"hidden {layer + 1}",
                gradient_norm=norm,
                weight_norm=4.0,
                update_ratio=math.nan if epoch == 0 else 1e-3 * norm,
                activation_mean=0.1,
                activation_standard_deviation=0.8,
                saturated_fraction=0.3 if params["activation"] == "sigmoid" else 0.0,
                dead_fraction=0.05 * layer if params["activation"] == "relu" else 0.0,
            )
        )
    return tuple(layers)


def _n_parameters(params: dict[str, ParameterValue]) -> int:
    width, depth = int(params["hidden_size"]), int(params["n_layers"])  # type: ignore[arg-type]
    return 65 * width + (depth - 1) * (width + 1) * width + 10 * (width + 1)


def _with_evaluation(records: StudyRecords, task: Task) -> StudyRecords:
    best = records.best_trial
    if best is None or best.value is None:
        return records
    if task == "regression":
        scores = {"loss": best.value, "rmse": 3.2, "mae": 2.4, "r2": 0.87}
        intervals = {"rmse": (2.9, 3.6), "mae": (2.2, 2.7), "r2": (0.83, 0.9)}
        guessing = {"loss": 1.0, "rmse": 9.1, "mae": 6.6, "r2": 0.0}
        linear = {"loss": 0.4, "rmse": 4.9, "mae": 3.5, "r2": 0.7}
        trees = {"loss": 0.2, "rmse": 3.4, "mae": 2.5, "r2": 0.86}
        shown = {"rmse": (3.1, 5.6)}
    else:
        scores = {"loss": best.value, "accuracy": 0.972, "balanced_accuracy": 0.971,
                  "roc_auc": 0.998}  # fmt: skip
        intervals = {"accuracy": (0.953, 0.989), "loss": (0.08, 0.2)}
        guessing = {"loss": 2.303, "accuracy": 0.101, "balanced_accuracy": 0.1}
        linear = {"loss": 0.25, "accuracy": 0.956, "balanced_accuracy": 0.955}
        trees = {"loss": 0.2, "accuracy": 0.961, "balanced_accuracy": 0.96}
        shown = {"accuracy": (0.933, 0.975)}

    def gains(reference: dict[str, float]) -> dict[str, PairedDifference]:
        gain = reference["loss"] - scores["loss"]
        return {"loss": PairedDifference(gain, 0.02, gain - 0.04, gain + 0.04)}

    references = (
        ReferenceRecord("guessing", guessing, network_gains=gains(guessing)),
        ReferenceRecord("linear_model", linear, shown, gains(linear)),
        ReferenceRecord("boosted_trees", trees, shown, gains(trees)),
    )
    answer = replace(single_answer(records, best.number), answer_id=1)
    evaluation = EvaluationRecord(1, "test", scores, intervals, references, 1_780_000_900.0)
    return replace(records, answers=(answer,), evaluations=(evaluation,))


def _verdict() -> Diagnosis:
    return Diagnosis(
        kind="high_variance",
        severity="warning",
        message="High variance: train loss 0.05, validation loss 0.14; the gap is 7 times the "
        "noise of the validation estimate.",
        evidence={"train_loss": 0.05, "valid_loss": 0.14, "gap_in_standard_errors": 7.0},
        advice=(
            Advice("Regularize: raise dropout.", (SpaceChange("dropout", "0.2..0.6"),)),
            Advice("More data would help more than more epochs."),
        ),
    )
