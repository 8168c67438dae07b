"""The trials of a study as a pandas table."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from automl.report.trials_frame import FACTS, trials_frame
from automl.result import SearchResult
from storage.records import StudyRecords, TrialRecord


def test_every_trial_is_a_row_with_all_its_parameters(finished: SearchResult) -> None:
    frame = finished.trials_dataframe()
    assert list(frame.number) == [trial.number for trial in finished.trials]
    assert set(frame.state) == {"complete", "paused"}
    best = frame[frame.state == "complete"].sort_values("value").iloc[0]
    assert (best.number, best.value) == (finished.best.number, finished.best.value)
    assert best.learning_rate == finished.best.params["learning_rate"]
    assert (frame.epochs <= 6).all() and (frame.seconds > 0).all()
    space = finished.records.space["parameters"]
    assert isinstance(space, dict)
    fixed = [name for name, one in space.items() if one["type"] == "fixed" and "when" not in one]
    assert fixed and set(fixed) <= set(frame.columns)
    assert frame[fixed].notna().all(axis=None)
    assert frame.columns.is_unique


def test_numbers_stay_numbers_and_what_a_trial_does_not_have_is_missing(
    records: StudyRecords,
) -> None:
    frame = trials_frame(records)
    assert pd.api.types.is_float_dtype(frame.learning_rate)
    assert pd.api.types.is_float_dtype(frame.value)
    has_momentum = frame.optimizer == "momentum"
    if "momentum" in frame:
        assert frame.momentum.notna().equals(has_momentum)


def test_a_parameter_that_is_called_like_a_fact_keeps_a_column_of_its_own(
    records: StudyRecords,
) -> None:
    names = ("value", "state", "<b>")
    parameters = {name: {"type": "float", "low": 0.0, "high": 1.0} for name in names}
    space = {
        "name": "s",
        "family": "optuna",
        "parameters": {name: {**one, "meaning": "m"} for name, one in parameters.items()},
    }
    settings = replace(records.settings, space=space)
    trial = TrialRecord(0, "COMPLETE", dict.fromkeys(names, 0.25), 0.5)
    frame = trials_frame(StudyRecords(settings, (trial,)))
    assert list(frame.columns) == [*FACTS, "params_value", "params_state", "<b>"]
    assert frame.value[0] == 0.5 and frame.params_value[0] == 0.25


def test_a_study_without_trials_is_a_table_without_rows(records: StudyRecords) -> None:
    frame = trials_frame(StudyRecords(records.settings))
    assert len(frame) == 0 and "learning_rate" in frame


def test_a_failed_trial_has_no_value_whatever_its_last_loss_was(records: StudyRecords) -> None:
    """One that diverged has reported some; one that was hopeless has not."""
    diverged = TrialRecord(0, "PRUNED", {}, 1.06e6, "diverged")
    hopeless = TrialRecord(1, "PRUNED", {}, None, "hopeless")
    paused = TrialRecord(2, "PRUNED", {}, 0.4, user_attributes={"paused": 4})
    frame = trials_frame(replace(records, trials=(diverged, hopeless, paused)))
    assert list(frame.state) == ["failed", "failed", "paused"]
    assert list(frame.value.isna()) == [True, True, False]
