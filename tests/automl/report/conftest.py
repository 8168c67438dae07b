from dataclasses import replace

import pytest

from automl.report.numbers.study import StudyTable, study_table
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study


@pytest.fixture(scope="session")
def records() -> StudyRecords:
    return synthetic_study(60)


@pytest.fixture(scope="session")
def table(records: StudyRecords) -> StudyTable:
    return study_table(records)


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
