"""A study that learns from earlier ones: which, what is said, what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl.errors import ConfigError, StudyError
from automl.studies import load_study
from storage.records import StudyRecords
from tests.automl.session.sessions import session


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a database with the study that is learned from."""
    folder = tmp_path_factory.mktemp("warm")
    with session(folder, study="before", n_trials=6, set=["optimizer=adam,sgd"]) as ready:
        list(ready)
    return folder


@pytest.fixture(scope="module")
def before(folder: Path) -> StudyRecords:
    return load_study("before", f"sqlite:///{folder}/automl.db").records


def tried(folder: Path, **options: object) -> StudyRecords:
    with session(folder, references=False, **options) as ready:
        list(ready)
        return ready.store.read_study(ready.call.study_name)


def test_the_best_of_an_earlier_study_are_tried_first(
    folder: Path, before: StudyRecords, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "automl")
    records = tried(folder, study="after", warm_start=["before"], seed=9)
    assert before.best_trial is not None
    assert records.trials[0].params == before.best_trial.params
    ours = [trial.params for trial in before.trials]
    assert all(trial.params in ours for trial in records.trials)
    assert "learning from before: 6 trials, of which 5 are tried first" in caplog.messages
    assert records.settings.warm_start == ("before",)


def test_continuing_learns_from_the_same_whether_it_says_so_or_not(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = tried(folder, study="goes on", warm_start=["before"], n_trials=2)
    caplog.set_level("INFO", "automl")
    second = tried(folder, study="goes on", n_trials=4)
    whole = tried(folder, study="whole", warm_start=["before"], n_trials=4)
    assert second.settings.warm_start == first.settings.warm_start
    assert [one.params for one in second.trials] == [one.params for one in whole.trials]
    session(folder, study="goes on", warm_start=["before"]).close()
    with pytest.raises(StudyError, match="warm_start is before in the study and whole here"):
        session(folder, study="goes on", warm_start=["whole"])


def test_studies_of_other_databases_and_records_serve_as_well(
    folder: Path, before: StudyRecords, tmp_path: Path
) -> None:
    by_name = tried(tmp_path, study="a", warm_start=[f"sqlite:///{folder}/automl.db#before"])
    by_record = tried(tmp_path, study="b", warm_start=[before])
    assert [one.params for one in by_name.trials] == [one.params for one in by_record.trials]
    assert by_record.settings.warm_start == ("before",)


def test_what_does_not_fit_is_told_before_anything_trains(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "automl")
    options = {"warm_start": ["before"], "set": ["optimizer=adam", "learning_rate=1e-3..2e-3"]}
    with session(folder, study="narrow", **options) as ready:
        assert ready.call.earlier
    told = "\n".join(caplog.messages)
    assert "before: moved to the nearest value of this space: learning_rate (0.001..0.002" in told
    with pytest.raises(ConfigError, match="of 'before' none fits: before: 6 trials left out"):
        session(folder, study="rms", warm_start=["before"], set=["optimizer=rmsprop"])


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("befor", StudyError, "there is no study 'befor' in .*; did you mean 'before'?"),
        ("before,nope", StudyError, "there is no study 'nope'"),
        ("sqlite:///nowhere/a.db#before", Exception, "there is no nowhere"),
        ("before,", ConfigError, "has an empty name"),
    ],
)
def test_a_study_that_is_not_there_is_told(
    folder: Path, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        session(folder, study="another", warm_start=[name])
