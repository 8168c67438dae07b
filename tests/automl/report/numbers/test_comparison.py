from dataclasses import replace

import pytest

from automl.report.numbers.comparison import compare
from storage.records import PolicyRecord, StudyRecords
from tests.contracts.synthetic_study import synthetic_study


@pytest.fixture(scope="module")
def other() -> StudyRecords:
    study = synthetic_study(30, seed=1, name="other")
    space = dict(study.settings.space["parameters"])
    space["dropout"] = {"type": "fixed", "value": 0.0}
    del space["max_norm"]
    settings = replace(study.settings, max_epochs=20, space={"parameters": space})
    return replace(study, settings=settings, policies=(PolicyRecord(0, "random", "none"),))


def test_only_what_differs_is_listed(records: StudyRecords, other: StudyRecords):
    compared = compare([records, other])
    found = {item.name: item.values for item in compared.differences}
    assert found["--max-epochs"] == ("40", "20")
    assert found["--sampler"] == ("tpe", "random")
    assert found["dropout"] == ("0..0.5", "fixed at 0")
    assert found["max_norm"][1] == "not searched"
    assert "learning_rate" not in found and "--target" not in found


def test_progress_counts_the_epochs_of_all_trials(records: StudyRecords):
    study = compare([records, records]).studies[0]
    assert study.progress.epochs[-1] == study.effort.n_epochs
    assert (study.progress.best[1:] <= study.progress.best[:-1]).all()
    assert (study.progress.low <= study.progress.best).all()
    width = study.progress.high - study.progress.best
    assert width == pytest.approx(1.96 * 0.012 + 0 * width)


def test_studies_of_one_name_are_told_apart(records: StudyRecords):
    names = [study.name for study in compare([records, records]).studies]
    assert names == ["digits-target", "digits-target (2)"]


def test_different_data_cannot_be_compared_by_loss(records: StudyRecords):
    moved = replace(records, settings=replace(records.settings, data_fingerprint="other"))
    assert compare([records, records]).is_comparable
    assert not compare([records, moved]).is_comparable


def test_a_study_without_trials_has_no_progress(records: StudyRecords):
    empty = compare([records, StudyRecords(records.settings)]).studies[1]
    assert len(empty.progress.epochs) == 0
