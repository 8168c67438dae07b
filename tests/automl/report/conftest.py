from dataclasses import replace

import pytest

from automl.report.numbers.study import StudyTable, study_table
from storage.call_records import BeliefRecord, PolicyRecord
from storage.records import Json, StudyRecords
from tests.contracts.synthetic_study import synthetic_study


@pytest.fixture(scope="session")
def records() -> StudyRecords:
    return synthetic_study(60)


@pytest.fixture(scope="session")
def table(records: StudyRecords) -> StudyTable:
    return study_table(records)


@pytest.fixture(scope="session")
def paused_records(records: StudyRecords) -> StudyRecords:
    """The same by freeze-thaw: what was pruned pauses, and it has fitted three times.

    At last the learning rate mattered most and dropout hardly, after a first fit that knew
    nothing of them.
    """
    trials = tuple(
        replace(trial, user_attributes={"paused": 1}) if trial.outcome == "pruned" else trial
        for trial in records.trials
    )
    names = ("learning_rate", "dropout", "optimizer")
    beliefs = tuple(
        BeliefRecord(
            "freeze_thaw", n_trials, 3 * n_trials, fitted(dict(zip(names, logs, strict=True)))
        )
        for n_trials, logs in (
            (15, (0.4, 0.4, 0.4)),
            (30, (-0.5, 0.5, 0.0)),
            (55, (-1.0, 1.5, 0.1)),
        )
    )
    policies = (PolicyRecord(0, "tpe", "successive_halving", policy="freeze_thaw"),)
    return replace(records, trials=trials, beliefs=beliefs, policies=policies)


def fitted(lengths: dict[str, float]) -> Json:
    """A fit of freeze-thaw, by the logarithms of its length scales."""
    rest = ("epoch_length", "own_epoch_length", "common", "own", "noise")
    return {
        "n_points": 20,
        "lengths": lengths,
        "widths": dict.fromkeys(lengths, 1.0),
        **dict.fromkeys(rest, 0.0),
    }


@pytest.fixture(scope="session")
def own_records(records: StudyRecords) -> StudyRecords:
    """The study of a person's own network: no name and no choice of the built-in one."""
    space = {
        "family": "own",
        "parameters": {
            "kernel": {"type": "int", "low": 1, "high": 9, "log": False, "meaning": "its size"},
            "learning_rate": {"type": "float", "low": 1e-5, "high": 0.3, "log": True},
        },
    }
    trials = tuple(
        replace(
            trial,
            params={
                "kernel": 1 + trial.number % 9,
                "learning_rate": trial.params["learning_rate"],
                "gate": (None, True, "x")[trial.number % 3],  # the space does not name it
            },
        )
        for trial in records.trials
    )
    return replace(records, settings=replace(records.settings, space=space), trials=trials)
