"""Where nothing does better than guessing on the same rows, no fit is called good."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import automl
from automl.data.baselines import INVERSE_PENALTIES
from automl.diagnostics import diagnose_study, diagnose_trial
from automl.diagnostics.signal import CHOSEN_AMONG, missing_signal
from storage.records import DataCheckRecord, StudyRecords
from storage.score_records import EvaluationRecord, PairedDifference, ReferenceRecord


def paired(value: float, error: float) -> PairedDifference:
    return PairedDifference(value, error, value - 2 * error, value + 2 * error)


def compared(
    records: StudyRecords,
    gain: float,
    error: float,
    *,
    linear_gain: float = -0.01,
    split: str = "valid",
    baseline: float = 1.0,
    **more: tuple[float, float],
) -> StudyRecords:
    """The study as a search leaves it: the best trial beside guessing and a linear model."""
    best = records.best_trial
    assert best is not None
    scores = {"loss": baseline - gain}
    gains = {"loss": paired(gain, error)}
    guessed = {"loss": baseline}
    for name, (value, noise) in more.items():
        scores[name], guessed[name] = 0.5 + value, 0.5
        gains[name] = paired(value, noise)
    references = (
        ReferenceRecord("guessing", guessed, network_gains=gains),
        ReferenceRecord(
            "linear_model",
            {"loss": baseline - linear_gain},
            guessing_gains={"loss": paired(linear_gain, 0.01)},
        ),
    )
    record = EvaluationRecord(best.number, split, scores, references=references, evaluated_at=1.0)
    return dataclasses.replace(records, evaluations=(record,))


def test_no_gain_over_guessing_is_no_good_fit(study: Any, curve: Any) -> None:
    """The train rows are learned in part, the validation rows are not."""
    records = compared(study(curve(1.0, 0.85, gap=0.14)), gain=0.01, error=0.02)

    first, *_ = diagnose_study(records)

    assert (first.kind, first.severity) == ("no_signal", "problem")
    assert "has a loss of 0.99; predicting the mean gives 1 on the same rows" in first.message
    assert "may be chance (standard error 0.02)" in first.message
    assert first.message.endswith("The linear model is not certainly better than guessing either.")
    assert first.evidence["gain_over_guessing"] == pytest.approx(0.01)


def test_advice_begins_with_the_targets_rows(study: Any, curve: Any) -> None:
    records = compared(study(curve(1.0, 0.85, gap=0.15)), gain=0.0, error=0.02)

    texts = [one.text for one in diagnose_study(records)[0].advice]

    beginnings = ["Check that each target", "Search again with `--loss huber`"]
    beginnings += ["Bring other inputs", "Get more rows"]
    assert [text.startswith(words) for text, words in zip(texts, beginnings, strict=True)] == (
        [True] * 4
    )


def test_a_gain_beyond_its_own_error_is_a_signal(study: Any, curve: Any) -> None:
    """The loss of a target with far values is uncertain; what it is below guessing is not."""
    records = compared(study(curve(1.0, 0.9), error=0.5), gain=0.1, error=0.02)

    assert missing_signal(records) is None
    assert diagnose_study(records)[0].kind == "weak_signal"


@pytest.mark.parametrize(("n_trials", "is_signal"), [(1, True), (40, False)])
def test_the_best_of_many_trials_needs_a_larger_gain(
    study: Any, curve: Any, n_trials: int, is_signal: bool
) -> None:
    """2.4 standard errors: rare for one trial, common for the best of forty."""
    curves = [curve(1.0, 0.9, gap=0.05)] * n_trials
    records = compared(study(*curves), gain=0.048, error=0.02)

    assert (missing_signal(records) is None) == is_signal


def test_a_linear_model_that_beats_guessing_shows_a_signal(study: Any, curve: Any) -> None:
    records = compared(study(curve(1.0, 0.9, gap=0.1)), gain=0.0, error=0.02, linear_gain=0.1)

    assert missing_signal(records) is None


@pytest.mark.parametrize(("gain", "is_signal"), [(0.028, True), (0.025, False)])
def test_the_best_of_six_penalties_needs_a_larger_gain(
    study: Any, curve: Any, gain: float, is_signal: bool
) -> None:
    """Of two models one is the best of six: a chance of 0.3 % is 3 %, one of 0.6 % is 7 %."""
    records = study(curve(1.0, 0.9, gap=0.1))

    found = missing_signal(compared(records, gain=0.0, error=0.02, linear_gain=gain))

    assert (found is None) == is_signal


@pytest.mark.parametrize(("gain", "is_signal"), [(0.023, True), (0.018, False)])
def test_the_iterations_of_trees_are_no_choice_among_many(
    study: Any, curve: Any, beside: Any, gain: float, is_signal: bool
) -> None:
    """Of two models: a chance of 1 % is 2 %, one of 4 % is 7 %."""
    records = beside(study(curve(1.0, 0.9, gap=0.1)), {"boosted_trees": 1.0 - gain})
    valid = tuple(one for one in records.evaluations if one.split == "valid")

    found = missing_signal(dataclasses.replace(records, evaluations=valid))

    assert (found is None) == is_signal


def test_the_linear_model_is_chosen_among_its_penalties() -> None:
    assert CHOSEN_AMONG["linear_model"] == len(INVERSE_PENALTIES)


def test_weak_signals_on_both_sets_of_rows_are_one_together(
    study: Any, curve: Any, beside: Any
) -> None:
    """Each alone may be chance: of twelve trials on validation rows, and of six comparisons."""
    records = study(*[curve(1.0, 0.93, gap=0.02)] * 12)
    both = beside(records, {"linear_model": 0.95}, error=0.02)
    valid = beside(records, {"linear_model": 0.95}, error=0.02, test_loss=1.0)
    no_signal_on_test = dataclasses.replace(
        valid, evaluations=tuple(one for one in valid.evaluations if one.split == "valid")
    )

    assert missing_signal(both) is None
    assert missing_signal(no_signal_on_test) is not None


def test_a_column_that_explains_the_target_is_a_signal(study: Any, curve: Any) -> None:
    records = compared(study(curve(1.0, 0.85, gap=0.15)), gain=0.0, error=0.02)
    check = DataCheckRecord("leakage", "f0", 0.96)

    assert missing_signal(records) is not None
    assert missing_signal(dataclasses.replace(records, data_checks=(check,))) is None


def test_fewer_rows_wrong_than_by_guessing_are_a_signal(study: Any, curve: Any) -> None:
    """Overconfident probabilities cost loss although the classes are told apart."""
    classes = {"task": "binary", "loss": "binary_cross_entropy"}
    records = study(curve(1.0, 0.9, gap=0.1), class_names=("a", "b"), **classes)

    assert missing_signal(compared(records, 0.0, 0.02, accuracy=(0.2, 0.03))) is None
    assert missing_signal(compared(records, 0.0, 0.02, accuracy=(0.02, 0.03))) is not None


def test_class_weights_move_the_loss_on_purpose(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.85, gap=0.15), class_weights=True)

    assert missing_signal(compared(records, gain=-0.1, error=0.02)) is None


def test_another_trials_comparison_gives_the_baseline_only(study: Any, curve: Any) -> None:
    """A later trial is the best: no row-by-row error of it is known."""
    judged = compared(study(curve(1.0, 0.8, gap=0.195)), gain=0.005, error=0.02)
    for end, is_signal in ((0.8, False), (0.5, True)):
        records = study(curve(1.0, 0.9, gap=0.1), curve(1.0, end, gap=0.19))
        records = dataclasses.replace(records, evaluations=judged.evaluations)
        assert (missing_signal(records) is None) == is_signal


def test_an_old_study_is_held_against_guessing_on_its_test_rows(study: Any, curve: Any) -> None:
    """Test rows with other outliers: validation loss 0.8, guessing 1 on rows of their own."""
    records = compared(study(curve(1.0, 0.79, gap=0.01)), -0.0007, 0.1, split="test")

    first, *_ = diagnose_study(records)

    assert first.kind == "no_signal"
    assert "On test rows" in first.message and "which is no worse" in first.message


def test_a_study_that_compared_nothing_is_not_judged(study: Any, curve: Any) -> None:
    assert missing_signal(study(curve(1.0, 0.99), baseline=None)) is None
    assert missing_signal(study()) is None


def test_a_network_that_did_not_learn_stands_by_its_cause(study: Any, layers_of: Any) -> None:
    """Nothing was found, but nothing was looked for either."""
    flat = [(1.0, 1.0)] * 6
    vanished, sound = layers_of([1e-6, 1.0]), layers_of([1.0, 1.0])
    alone = compared(study(flat, layers=[vanished]), gain=0.0, error=0.01)
    beside = compared(study(flat, flat, layers=[vanished, sound]), gain=0.0, error=0.01)

    assert diagnose_trial(alone, 0)[0].kind == "vanishing_gradients"
    assert [diagnose_trial(beside, number)[0].kind for number in (0, 1)] == ["no_signal"] * 2


def test_steps_too_small_and_too_large_in_vain_were_not_at_fault(
    study: Any, layers_of: Any
) -> None:
    flat = [(1.0, 1.0)] * 6
    small, large = (layers_of([1.0, 1.0], update_ratio=size) for size in (1e-5, 0.5))
    alone = compared(study(flat, layers=[small]), gain=0.0, error=0.01)
    both = compared(study(flat, flat, layers=[small, large]), gain=0.0, error=0.01)

    assert diagnose_study(alone)[0].kind == "steps_too_small"
    assert diagnose_study(both)[0].kind == "no_signal"


@pytest.mark.slow
def test_a_search_for_an_unrelated_target_says_so(tmp_path: Path) -> None:
    """Student's t of 1.5 degrees of freedom: validation and test rows differ in spread."""
    generator = np.random.default_rng(3)
    table = pd.DataFrame(generator.normal(size=(240, 3)), columns=["a", "b", "c"])
    table["y"] = generator.standard_t(1.5, size=240)

    result = automl.search(
        table, target="y", storage=f"sqlite:///{tmp_path}/s.db", n_trials=6, max_epochs=8
    )

    assert result.diagnoses[0].kind == "no_signal"
    assert {record.split for record in result.records.evaluations} == {"valid", "test"}
