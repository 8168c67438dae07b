"""Small studies as records, made from a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from storage.records import (
    EpochRecord,
    LayerGradientRecord,
    RunRecord,
    StudyRecords,
    StudySettings,
    TrialRecord,
)
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    EvaluationRecord,
    PairedDifference,
    ReferenceName,
    ReferenceRecord,
)

Curve = Sequence[tuple[float, float]]  # (train loss, validation loss) of each epoch


def make_settings(**changes: Any) -> StudySettings:
    values: dict[str, Any] = {
        "study_name": "study",
        "task": "regression",
        "loss": "mean_squared",
        "target": "y",
        "data_source": "",
        "data_fingerprint": "",
        "split": {},
        "space": {},
        "max_epochs": 20,
        "patience": 20,
        "seed": 0,
        "n_rows": {"train": 600, "valid": 200, "test": 200},
    }
    return StudySettings(**{**values, **changes})


def make_epoch(
    run_id: int, epoch: int, train: float, valid: float, error: float = 0.01, **changes: Any
) -> EpochRecord:
    """RMSE is ten times the root of the loss: the target's standard deviation is 10."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "epoch": epoch,
        "step": 10 * epoch,
        "train_loss": train,
        "valid_loss": valid,
        "valid_loss_standard_error": error,
        "train_metric": 10 * max(train, 0.0) ** 0.5,
        "valid_metric": 10 * max(valid, 0.0) ** 0.5,
        "learning_rate": 0.01,
        "gradient_norm": 1.0,
        "seconds": 0.1,
    }
    return EpochRecord(**{**values, **changes})


def make_layers(
    gradients: Sequence[float],
    *,
    dead: float = 0.0,
    saturated: float = 0.0,
    update_ratio: float = 3e-3,
    weight_norm: float = 1.0,
) -> tuple[LayerGradientRecord, ...]:
    """One record per gradient norm, input side first; the last one is the output layer."""
    last = len(gradients) - 1
    return tuple(
        LayerGradientRecord(
            layer=place,
            name="output" if place == last else f"hidden {place + 1}",
            gradient_norm=gradient,
            weight_norm=weight_norm,
            update_ratio=update_ratio,
            activation_mean=0.0,
            activation_standard_deviation=1.0,
            saturated_fraction=0.0 if place == last else saturated,
            dead_fraction=0.0 if place == last else dead,
        )
        for place, gradient in enumerate(gradients)
    )


def make_study(
    *curves: Curve,
    params: Sequence[Mapping[str, Any]] = (),
    layers: Sequence[tuple[LayerGradientRecord, ...]] = (),
    baseline: float | None = 1.0,
    linear: float | None = None,
    error: float = 0.01,
    **settings: Any,
) -> StudyRecords:
    """A study of one complete trial per curve, whose answer has the trial's number."""
    trials, runs, answers, epochs, initial = [], [], [], {}, {}
    for number, curve in enumerate(curves):
        values = [valid for _, valid in curve]
        trial_params = params[number] if params else {}
        trials.append(TrialRecord(number, "COMPLETE", trial_params, min(values)))
        runs.append(RunRecord(number, number, "search", seed=0, n_parameters=100 * (number + 1)))
        alone = (AnswerMember(number, 1.0),)
        answers.append(AnswerRecord("single", alone, number, answer_id=number))
        measured = layers[number] if layers else ()
        epochs[number] = tuple(
            make_epoch(number, place, train, valid, error, layers=measured)
            for place, (train, valid) in enumerate(curve, start=1)
        )
        initial[number] = measured
    evaluations = []
    if baseline is not None:
        references = [ReferenceRecord("guessing", {"loss": baseline})]
        if linear is not None:
            references.append(ReferenceRecord("linear_model", {"loss": linear}))
        evaluations.append(EvaluationRecord(0, "valid", {}, references=tuple(references)))
    return StudyRecords(
        settings=make_settings(**settings),
        trials=tuple(trials),
        runs=tuple(runs),
        epochs=epochs,
        initial_layers=initial,
        answers=tuple(answers),
        evaluations=tuple(evaluations),
    )


def score_beside(
    records: StudyRecords,
    losses: Mapping[ReferenceName, float],
    *,
    error: float = 0.01,
    test_loss: float | None = None,
    test_losses: Mapping[ReferenceName, float] | None = None,
    baseline: float = 1.0,
) -> StudyRecords:
    """The best trial scored beside references on validation and on test rows.

    Args:
        losses: of the references but guessing, on validation rows.
        error: standard error of every difference between two losses.
        test_loss: of the network; None: as on validation rows.
        test_losses: of the references; None: as on validation rows.
    """
    best = records.best_trial
    assert best is not None and best.value is not None
    network = {"valid": best.value, "test": best.value if test_loss is None else test_loss}
    others = {"valid": losses, "test": losses if test_losses is None else test_losses}

    def evaluation(split: str) -> EvaluationRecord:
        known: dict[ReferenceName, float] = {"guessing": baseline, **others[split]}
        return EvaluationRecord(
            best.number,
            split,
            {"loss": network[split]},
            {"loss": (network[split] - 2 * error, network[split] + 2 * error)},
            tuple(
                ReferenceRecord(
                    name,
                    {"loss": loss},
                    network_gains={"loss": difference(loss - network[split], error)},
                    guessing_gains={"loss": difference(baseline - loss, error)},
                )
                for name, loss in known.items()
            ),
            evaluated_at=1.0,
        )

    return replace(records, evaluations=(evaluation("valid"), evaluation("test")))


def difference(value: float, error: float) -> PairedDifference:
    return PairedDifference(value, error, value - 2 * error, value + 2 * error)


def falling(start: float, end: float, n_epochs: int = 20, gap: float = 0.0) -> Curve:
    """A curve that falls fast and then levels off, validation above train by `gap`."""
    losses = [end + (start - end) * 0.6**place for place in range(n_epochs)]
    return [(loss, loss + gap) for loss in losses]


@pytest.fixture
def study() -> Callable[..., StudyRecords]:
    return make_study


@pytest.fixture
def beside() -> Callable[..., StudyRecords]:
    return score_beside


@pytest.fixture
def curve() -> Callable[..., Curve]:
    return falling


@pytest.fixture
def layers_of() -> Callable[..., tuple[LayerGradientRecord, ...]]:
    return make_layers


@pytest.fixture
def epoch_of() -> Callable[..., EpochRecord]:
    return make_epoch
