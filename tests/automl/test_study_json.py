"""A stored study as one JSON object; what the call adds is tested with the result."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from automl.result import SearchResult
from automl.study_json import study_json
from tests.automl.diagnostics.test_choice import chosen


def test_best_test_and_verdict_are_those_of_the_records(finished: SearchResult) -> None:
    values: Any = json.loads(json.dumps(study_json(finished.records), allow_nan=False))
    assert values["best"]["trial_number"] == finished.best.number
    assert finished.evaluation is not None
    assert values["test"]["accuracy"] == finished.evaluation.scores["accuracy"]
    assert values["diagnosis"]["verdict"] == finished.diagnoses[0].kind


def test_a_study_without_complete_trials_says_so(finished: SearchResult) -> None:
    values: Any = study_json(replace(finished.records, trials=(), diagnoses=()))
    assert (values["best"], values["test"]) == (None, None)
    assert values["diagnosis"]["verdict"] == "too_little_evidence"


def test_trials_that_pause_are_counted_for_themselves(finished: SearchResult) -> None:
    before: Any = study_json(finished.records)["n_trials"]
    assert before["paused"] and not before["pruned"]
    trials = tuple(
        replace(one, user_attributes={}) if one.outcome == "paused" else one
        for one in finished.trials
    )
    after: Any = study_json(replace(finished.records, trials=trials))["n_trials"]
    assert after == {**before, "paused": 0, "pruned": before["paused"]}


def test_limits_and_what_size_is_worth_are_told(finished: SearchResult) -> None:
    records = finished.records
    best = finished.best
    trials = tuple(
        replace(trial, user_attributes={**trial.user_attributes, "latency": 25e-6})
        if trial.number == best.number
        else trial
        for trial in records.trials
    )
    settings = replace(records.settings, max_parameters=200_000, max_latency=2e-3)
    values: Any = study_json(replace(records, trials=trials, settings=settings))
    limits = {"max_parameters": 200_000, "max_latency": 2e-3, "latency_rows": 1}
    assert values["limits"] == limits
    assert values["best"]["n_parameters"] == records.search_runs(best.number)[0].n_parameters
    assert values["best"]["latency"] == 25e-6
    assert values["n_trials"]["refused"] == 0


def test_a_smaller_network_that_is_as_good_is_named(finished: SearchResult) -> None:
    """Where noise hides all differences, it is the smallest of all."""
    records = finished.records
    epochs = {
        run_id: tuple(replace(one, valid_loss_standard_error=9.0) for one in curve)
        for run_id, curve in records.epochs.items()
    }
    complete = {trial.number for trial in records.complete_trials}
    runs = tuple(replace(run, n_parameters=500 - run.run_id) for run in records.runs)
    noisy = replace(records, epochs=epochs, runs=runs)
    sizes = {number: noisy.search_runs(number)[0].n_parameters or 0 for number in complete}
    values: Any = study_json(noisy)
    least = min(sizes.values())
    if sizes[finished.best.number] == least:
        assert values["smallest_equal"] is None
    else:
        assert values["smallest_equal"]["n_parameters"] == least


def test_which_columns_the_answer_uses_is_told(finished: SearchResult) -> None:
    values: Any = json.loads(json.dumps(study_json(finished.records), allow_nan=False))
    told = values["column_importances"]
    assert told["missing_because"] is None
    assert told["n_columns"] == len(told["columns"]) == len(finished.column_importances) > 0
    first, record = told["columns"][0], finished.column_importances[0]
    assert first["name"] == record.name
    assert first["gains"]["loss"]["value"] == record.loss.value
    assert first["gains"]["loss"]["interval"] == [record.loss.low, record.loss.high]
    bare: Any = study_json(replace(finished.records, importances=()))
    assert bare["column_importances"] is None


@pytest.mark.parametrize(("luck", "told"), [(1.1e-16, 0.0), (-1.1e-16, 0.0), (0.004, 0.004)])
def test_luck_that_rounding_makes_is_none(luck: float, told: float) -> None:
    """Where the choice is the same on all rows the order of adding them up remains."""
    values: Any = study_json(chosen("ensemble", luck=luck))

    assert values["answer"]["held_against"]["single"]["luck"] == told
