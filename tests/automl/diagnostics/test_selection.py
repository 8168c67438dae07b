"""Validation rows that say other than test rows, by more than chance."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from automl.diagnostics import diagnose_study
from automl.diagnostics.selection import diagnose_selection
from storage.records import DataCheckRecord
from storage.score_records import AnswerMember, AnswerRecord


def test_a_score_far_better_on_validation_rows_is_a_gap(
    study: Any, curve: Any, beside: Any
) -> None:
    records = beside(study(curve(1.0, 0.3)), {}, error=0.02, test_loss=0.6)

    found = diagnose_selection(records)

    assert found is not None
    assert (found.kind, found.severity) == ("selection_gap", "warning")
    assert "loss is 0.3, on test rows 0.6" in found.message
    assert "--folds 5" in found.advice[0].text
    assert [(one.parameter, one.set) for one in found.advice[0].changes] == [("folds", "5")]
    assert diagnose_study(records)[0].kind == "selection_gap"


def test_it_is_about_the_best_trial_whatever_the_answer_is(
    study: Any, curve: Any, beside: Any
) -> None:
    records = beside(study(curve(1.0, 0.3)), {}, error=0.02, test_loss=0.34)
    ensemble = AnswerRecord("ensemble", (AnswerMember(1, 0.5),), records.best_trial.number, 99)
    scored = tuple(
        dataclasses.replace(one, answer_id=99, scores={"loss": loss})
        for one, loss in zip(records.evaluations, (0.1, 0.9), strict=True)
    )
    known = dataclasses.replace(
        records,
        answers=(*records.answers, ensemble),
        evaluations=(*records.evaluations, *scored),
    )

    assert diagnose_selection(known) == diagnose_selection(records)
    gap = beside(study(curve(1.0, 0.3)), {}, error=0.02, test_loss=0.6)
    found = diagnose_selection(
        dataclasses.replace(
            known, answers=(*gap.answers, ensemble), evaluations=(*gap.evaluations, *scored)
        )
    )
    assert found is not None and "the best trial's loss is 0.3, on test rows 0.6" in found.message


def test_trials_were_chosen_by_the_rows_that_measure_an_epoch(
    study: Any, curve: Any, beside: Any
) -> None:
    rows = {"train": 60_000, "valid": 20_000, "test": 20_000}
    records = study(curve(1.0, 0.3), n_rows=rows, n_measured=5_000)

    found = diagnose_selection(beside(records, {}, error=0.02, test_loss=0.6))

    assert found is not None and found.evidence["n_valid_rows"] == 5_000
    assert "were chosen on 5,000 validation rows" in found.message


def test_what_was_done_is_not_advised(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.3), split={"n_folds": 1, "time": "day", "group": None})

    found = diagnose_selection(beside(records, {}, error=0.02, test_loss=0.6))

    assert found is not None and found.advice == ()


def test_a_difference_within_chance_is_none(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.3))

    assert diagnose_selection(beside(records, {}, error=0.1, test_loss=0.6)) is None
    assert diagnose_selection(beside(records, {}, error=0.005, test_loss=0.34)) is None
    assert diagnose_selection(records) is None


@pytest.mark.parametrize(("area", "is_named"), [(0.7, True), (0.507, False)])
def test_shifted_test_rows_are_named_as_a_reason(
    study: Any, curve: Any, beside: Any, area: float, is_named: bool
) -> None:
    """Where there is a shift: the check has a value for every table."""
    check = DataCheckRecord("shift", "train/test", area)
    records = beside(study(curve(1.0, 0.3)), {}, error=0.02, test_loss=0.6)

    found = diagnose_selection(dataclasses.replace(records, data_checks=(check,)))

    assert found is not None
    assert ("The test rows differ from the train rows." in found.message) == is_named


@pytest.mark.parametrize(("lost", "is_of_rows"), [(0.25, True), (0.05, False)])
def test_rows_that_are_easier_for_references_too_are_not_blamed_on_the_search(
    study: Any, curve: Any, beside: Any, lost: float, is_of_rows: bool
) -> None:
    records = beside(
        study(curve(1.0, 0.3)),
        {"linear_model": 0.4},
        error=0.02,
        test_loss=0.6,
        test_losses={"linear_model": 0.4 + lost},
    )

    found = diagnose_selection(records)

    assert found is not None
    assert ("in the rows and not in the choice of a trial" in found.message) == is_of_rows
    assert ("were chosen on" in found.message) != is_of_rows


def test_validation_rows_with_other_labels_void_what_they_say(
    study: Any, curve: Any, beside: Any
) -> None:
    """Shuffled labels: the train rows hold for the test rows, not for the validation rows."""
    apart = [(0.8, 1.0), *((0.5 - 0.02 * i, 1.1 + 0.1 * i) for i in range(10))]
    records = beside(study(apart), {"linear_model": 1.0}, test_loss=0.5)

    first, second, *_ = diagnose_study(records)

    assert (first.kind, first.severity) == ("validation_mismatch", "problem")
    assert second.kind == "too_little_evidence"


def test_eight_validation_rows_are_too_few_to_compare(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.3), n_rows={"train": 600, "valid": 8, "test": 200})

    assert diagnose_selection(beside(records, {}, error=0.02, test_loss=0.6)) is None


def test_a_network_that_learned_nothing_shows_no_mismatch(
    study: Any, curve: Any, beside: Any
) -> None:
    """Its first weights happen to suit the test rows: that says nothing of validation rows."""
    records = beside(study([(1.4, 1.3)] * 8), {}, test_loss=0.9)

    assert diagnose_selection(records) is None


@pytest.mark.parametrize(("lacking", "is_mismatch"), [(0.55, True), (0.45, False)])
def test_rows_that_are_merely_harder_are_no_other_rows(
    study: Any, curve: Any, beside: Any, lacking: float, is_mismatch: bool
) -> None:
    """The gain on test rows is 0.8, of which the validation rows lack a share."""
    valid_loss = 1 - 0.8 * (1 - lacking)
    records = study([(1 - 0.08 * i, max(valid_loss, 1 - 0.08 * i)) for i in range(10)])

    found = diagnose_selection(beside(records, {}, test_loss=0.2))

    assert (found is not None and found.kind == "validation_mismatch") == is_mismatch
