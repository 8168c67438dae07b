"""Facts of curves, averaged over folds, and the references they are held against."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from automl.diagnostics.evidence import (
    assumed_baseline,
    curve_facts,
    find_references,
    trial_facts,
)
from storage.records import RunRecord
from storage.score_records import EvaluationRecord, ReferenceRecord


def test_facts_are_those_of_the_best_epoch(epoch_of: Any) -> None:
    losses = [(0.9, 1.0), (0.5, 0.6), (0.3, 0.7)]

    facts = curve_facts([epoch_of(0, i + 1, *pair) for i, pair in enumerate(losses)])

    assert (facts.best_epoch, facts.train_loss, facts.valid_loss) == (2, 0.5, 0.6)
    assert facts.lowest_train_loss == 0.3
    assert facts.gap == pytest.approx(0.1)


def test_overfitting_sets_in_at_the_best_epoch(epoch_of: Any) -> None:
    valid = [1.0, 0.9, 0.8, 1.1, 1.4, 1.7]
    epochs = [epoch_of(0, i + 1, 1 - 0.1 * i, loss) for i, loss in enumerate(valid)]

    assert curve_facts(epochs).onset == 3


def test_there_is_no_overfitting_while_train_loss_rises_too(epoch_of: Any) -> None:
    valid = [1.0, 0.9, 0.8, 1.1, 1.4, 1.7]
    epochs = [epoch_of(0, i + 1, loss, loss) for i, loss in enumerate(valid)]

    assert curve_facts(epochs).onset is None


def test_a_curve_without_a_finite_epoch_has_diverged(epoch_of: Any) -> None:
    facts = curve_facts([epoch_of(0, 1, math.nan, math.nan)])

    assert not facts.is_finite
    assert facts.valid_loss == math.inf


def test_folds_are_averaged_and_their_noise_shrinks(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.2, n_epochs=60), error=0.06)
    second = RunRecord(7, 0, "search", seed=1, fold=1)
    shifted = tuple(
        dataclasses.replace(e, run_id=7, valid_loss=e.valid_loss + 0.2) for e in records.epochs[0]
    )
    records = dataclasses.replace(
        records, runs=(*records.runs, second), epochs={**records.epochs, 7: shifted}
    )

    facts = trial_facts(records, 0)

    assert facts is not None
    assert facts.valid_loss == pytest.approx(0.3, abs=1e-3)
    assert facts.valid_noise == pytest.approx(0.06 / math.sqrt(2))


def test_a_trial_is_no_reference_for_itself(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.1), curve(1.0, 0.5))

    best = find_references(records, 0).best_trial

    assert best is not None and best.name == "trial 1"


def test_a_measured_baseline_is_preferred(study: Any, curve: Any) -> None:
    assert find_references(study(curve(1.0, 0.5), baseline=0.8)).baseline_loss == 0.8
    assert not find_references(study(curve(1.0, 0.5), baseline=None)).baseline_is_measured


def test_the_baseline_of_the_curves_rows_is_preferred(study: Any, curve: Any) -> None:
    """A later look at test rows changes nothing: curves are of validation rows."""
    records = study(curve(1.0, 0.5), baseline=0.8)
    later = EvaluationRecord(
        0, "test", {}, references=(ReferenceRecord("guessing", {"loss": 1.2}),), evaluated_at=9.0
    )
    both = dataclasses.replace(records, evaluations=(*records.evaluations, later))
    old = dataclasses.replace(records, evaluations=(later,))

    assert find_references(both).baseline_loss == 0.8
    assert find_references(old).baseline_loss == 1.2


@pytest.mark.parametrize(
    ("loss", "classes", "expected"),
    [
        ("binary_cross_entropy", ("a", "b"), math.log(2)),
        ("cross_entropy", ("a", "b", "c"), math.log(3)),
        ("mean_squared", (), 1.0),
        ("mean_absolute", (), 0.7979),
        ("huber", (), 0.4247),
    ],
)
def test_assumed_baseline_is_that_of_guessing(
    study: Any, curve: Any, loss: str, classes: tuple[str, ...], expected: float
) -> None:
    records = study(curve(1.0, 0.5), loss=loss, class_names=classes)

    assert assumed_baseline(records) == pytest.approx(expected, rel=1e-3)


def test_assumed_huber_baseline_is_the_integral() -> None:
    """E of z^2 / 2 within 1 and |z| - 1/2 beyond, for a standard normal z."""
    step = 1e-3
    grid = [step * (i + 0.5) for i in range(int(10 / step))]
    density = [2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * step for z in grid]
    loss = [z * z / 2 if z < 1 else z - 0.5 for z in grid]

    assert sum(d * each for d, each in zip(density, loss, strict=True)) == pytest.approx(
        0.4247, abs=2e-3
    )
