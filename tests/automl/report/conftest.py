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
