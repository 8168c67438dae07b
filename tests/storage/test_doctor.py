from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from storage.call_records import PolicyRecord, StopReason
from storage.doctor import examine
from storage.records import ArtifactRecord
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    ColumnImportance,
    ImportancesRecord,
    PairedDifference,
)
from storage.store import Store, open_store
from tests.contracts.store_contract import epoch, make_study, settings


def make_whole_study(store: Store, name: str = "study") -> optuna.Study:
    """A study with what is known of it before the first trial."""
    study = make_study(store, name)
    store.calls.add(name, PolicyRecord(0, "tpe", "none"))
    store.artifacts.save_preprocessing(name, {}, {})
    return study


@pytest.fixture
def record(url: str) -> Iterator[ArtifactRecord]:
    """A closed database with one finished trial and its weights."""
    with open_store(url) as store:
        study = make_whole_study(store)
        trial = study.ask()
        run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
        store.runs.finish(run.run_id, "complete")
        study.tell(trial, 1.0)
        record = store.artifacts.save_weights("study", 0, run.run_id, {"w": np.ones(3)}, {})
    yield record


def kinds(url: str) -> list[str]:
    return [finding.kind for finding in examine(url)]


def test_healthy_database_has_no_findings(url: str, record: ArtifactRecord) -> None:
    assert examine(url) == ()


def test_examining_changes_nothing(url: str, record: ArtifactRecord, tmp_path: Path) -> None:
    before = (tmp_path / "automl.db").read_bytes()
    examine(url)
    assert (tmp_path / "automl.db").read_bytes() == before


def test_a_database_of_optuna_alone_lacks_nothing_and_stays_as_it_is(
    url: str, tmp_path: Path
) -> None:
    optuna.create_study(storage=url, study_name="theirs")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert examine(url) == ()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_missing_database_is_not_made(tmp_path: Path) -> None:
    (finding,) = examine(f"sqlite:///{tmp_path}/none.db")
    assert "There is no database" in finding.message
    assert not (tmp_path / "none.db").exists()


def kill_a_search(url: str) -> None:
    """Leave a running trial behind, of a process that could not give it up."""
    code = (
        "import os, sys, optuna; from storage import open_store\n"
        "store = open_store(sys.argv[1]).optuna_storage\n"
        "optuna.load_study(study_name='my study', storage=store).ask()\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == 9


def test_trials_of_a_killed_search_come_with_the_command_that_adopts_them(url: str) -> None:
    with open_store(url) as store:
        make_whole_study(store, "my study")
    kill_a_search(url)
    (finding,) = examine(url)
    assert "trials 0 of 'my study' was killed" in finding.message
    assert finding.command == "automl search iris.csv"  # as it was typed


def test_trials_that_wait_for_the_next_call_are_no_fault(url: str) -> None:
    """A search whose time was up leaves some; `automl doctor` must not call it dead."""
    with open_store(url) as store:
        make_whole_study(store, "my study").ask()
    assert examine(url) == ()


def test_dead_trials_of_a_python_search_name_the_command_line(url: str) -> None:
    with open_store(url) as store:
        store.create_study(replace(settings("my study"), command="api.search(...)"))
        store.calls.add("my study", PolicyRecord(0, "tpe", "none"))
        store.artifacts.save_preprocessing("my study", {}, {})
    kill_a_search(url)
    (finding,) = examine(url)
    assert finding.command == f"automl search DATA --study 'my study' --storage {url}"


def test_altered_missing_and_unknown_files_are_named(
    url: str, record: ArtifactRecord, tmp_path: Path
) -> None:
    path = tmp_path / "automl.artifacts" / record.artifact_id
    path.write_bytes(b"altered")
    (tmp_path / "automl.artifacts" / "stranger.7.part").write_bytes(b"half")
    altered, leftover = examine(url)
    assert (altered.kind, leftover.kind) == ("artifact", "leftover")
    assert "was altered" in altered.message
    assert "half-written" in leftover.message
    assert leftover.command.startswith("rm ")
    path.unlink()
    assert "is missing" in examine(url)[0].message


def test_missing_checkpoint_costs_a_head_start_and_its_row_may_go(
    url: str, record: ArtifactRecord, tmp_path: Path
) -> None:
    with open_store(url) as store:
        kept = store.artifacts.save_checkpoint(
            "study", trial_number=0, run_id=1, tensors={}, state={}
        )
    (tmp_path / "automl.artifacts" / kept.artifact_id).unlink()
    (finding,) = examine(url)
    assert "Nothing but a head start is lost" in finding.message
    *_, statement = shlex.split(finding.command)
    change(tmp_path, statement)
    assert examine(url) == ()


def test_removed_artifacts_need_no_file(url: str, record: ArtifactRecord) -> None:
    with open_store(url) as store:
        store.artifacts.remove(record)
    assert "artifact" not in kinds(url)


def test_newer_schema_is_said(url: str, record: ArtifactRecord, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "automl.db") as connection:
        connection.execute("INSERT INTO automl_schema VALUES (99, 'later', 0.0)")
    connection.close()
    (finding,) = examine(url)
    assert finding.kind == "schema"
    assert "newer version" in finding.message


def test_other_optuna_schema_comes_with_the_upgrade(
    url: str, record: ArtifactRecord, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "automl.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
    connection.close()
    (finding,) = examine(url)
    assert finding.command == f"optuna storage upgrade --storage {url}"


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_truncated_file_is_said_to_be_damaged(
    url: str, record: ArtifactRecord, tmp_path: Path, keep: float
) -> None:
    path = tmp_path / "automl.db"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    (finding,) = examine(url)
    assert finding.kind == "integrity"
    assert ".recover | sqlite3" in finding.command


def test_what_is_no_database_is_said(url: str, tmp_path: Path) -> None:
    (tmp_path / "automl.db").write_text("a,b\n" * 500)
    assert kinds(url) == ["integrity"]


def test_empty_database_is_said(url: str, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "automl.db").execute("CREATE TABLE t (x)").connection.close()
    assert kinds(url) == ["schema"]


def change(tmp_path: Path, statement: str) -> None:
    """Edit the database by hand."""
    with sqlite3.connect(tmp_path / "automl.db") as connection:
        connection.execute(statement)
    connection.close()


def test_each_damaged_row_is_named_with_what_mends_it(
    url: str, record: ArtifactRecord, tmp_path: Path
) -> None:
    with open_store(url) as store:
        study = store.optuna_storage
        study_id = study.get_study_id_from_name("study")
        for name in ("a", "it's"):
            study.set_study_user_attr(study_id, name, 1)
    change(tmp_path, "UPDATE study_user_attributes SET value_json = '{'")
    change(tmp_path, "UPDATE automl_runs SET params = '[]'")
    change(tmp_path, "UPDATE automl_artifacts SET details = '{' WHERE kind = 'weights'")
    found = examine(url)
    assert [finding.kind for finding in found] == 4 * ["damaged"]
    assert "params in automl_runs where run_id = 1 is damaged" in found[0].message
    assert found[0].command == "restore the database and its artifacts from a copy"
    for finding in found[2:]:
        program, path, statement = shlex.split(finding.command)
        assert (program, path) == ("sqlite3", str(tmp_path / "automl.db"))
        change(tmp_path, statement)
    assert len(examine(url)) == 2


def test_importances_are_known_and_can_be_spared(
    url: str, record: ArtifactRecord, tmp_path: Path
) -> None:
    gain = PairedDifference(0.1, 0.01, 0.08, 0.12)
    with open_store(url) as store:
        columns = (ColumnImportance("age", {"loss": gain}),)
        store.add_importances("study", ImportancesRecord(1, columns, 1, 9, 5))
    assert examine(url) == ()
    change(tmp_path, "UPDATE automl_importances SET columns = '[]'")
    (found,) = examine(url)
    assert "columns in automl_importances where importances_id = 1 is damaged" in found.message
    change(tmp_path, shlex.split(found.command)[2])
    assert examine(url) == ()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ('[{"run_id": 1, "weight": 1.0}]', ""),
        ('[{"run_id": 1, "weight": 0.5}, {"run_id": 9, "weight": 0.5}]', "there is no run 9"),
        ("[]", "the weights of members must be shares of 1"),
        ('[{"run_id": 1, "weight": 0.5}]', "the weights of members must be shares of 1"),
        ('[{"run_id": 1, "weight": NaN}]', "the weights of members must be shares of 1"),
    ],
)
def test_an_answer_has_runs_that_share_it(
    url: str, record: ArtifactRecord, tmp_path: Path, members: str, message: str
) -> None:
    with open_store(url) as store:
        store.add_answer("study", AnswerRecord("single", (AnswerMember(1, 1.0),), 0))
    change(tmp_path, f"UPDATE automl_answers SET members = '{members}'")
    found = [one.message for one in examine(url) if one.kind == "damaged"]
    assert len(found) == bool(message)
    assert all(message in one and "answer_id = 1" in one for one in found)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE studies SET study_name = x'00ff'", "study_name in studies where study_id = 1"),
        ("UPDATE study_directions SET direction = 'x'", "direction in study_directions"),
        ("UPDATE trials SET datetime_start = 'NaN'", "datetime_start in trials where trial_id"),
        ("UPDATE trials SET number = 7", "number in trials where trial_id = 1"),
        ("UPDATE trials SET study_id = 'x'", "study_id in trials where trial_id = 1"),
        ("UPDATE trial_values SET value = '[]'", "value in trial_values where trial_id = 1"),
        ("UPDATE automl_epochs SET data = -1", "data or n_epochs in automl_epochs where run_id"),
    ],
)
def test_damage_outside_of_json_is_named(
    url: str, record: ArtifactRecord, tmp_path: Path, statement: str, place: str
) -> None:
    with open_store(url) as store:
        store.runs.add_epochs([epoch(record.run_id or 0, 1)])
    change(tmp_path, statement)
    (finding,) = (one for one in examine(url) if one.kind == "damaged")
    assert finding.message.startswith(place)


@pytest.mark.parametrize(
    ("statement", "lack"),
    [
        ("DELETE FROM automl_artifacts WHERE kind = 'preprocessing'", "preprocessing of 'study'"),
        ("DELETE FROM automl_policies", "By which sampler"),
        ("DELETE FROM automl_study_settings", "settings of 'study' are missing"),
        ("UPDATE automl_artifacts SET run_id = 2", "weights of trial 0, the best of 'study'"),
    ],
)
def test_what_a_whole_study_has_is_missed(
    url: str, record: ArtifactRecord, tmp_path: Path, statement: str, lack: str
) -> None:
    change(tmp_path, statement)
    (finding,) = (one for one in examine(url) if one.kind == "incomplete")
    assert lack in finding.message


@pytest.mark.parametrize("name", ["../automl.db", "/etc/passwd"])
def test_artifact_outside_the_folder_is_neither_read_nor_removed(
    url: str, record: ArtifactRecord, tmp_path: Path, name: str
) -> None:
    change(tmp_path, f"UPDATE automl_artifacts SET artifact_id = '{name}' WHERE kind = 'weights'")
    assert any("must be a plain name" in finding.message for finding in examine(url))
    with open_store(url) as store:
        store.delete_study("study")
    assert (tmp_path / "automl.db").exists()


@pytest.mark.timeout(10)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="queues of POSIX")
def test_queue_in_the_place_of_a_file_is_named(
    url: str, record: ArtifactRecord, tmp_path: Path
) -> None:
    path = tmp_path / "automl.artifacts" / record.artifact_id
    path.unlink()
    os.mkfifo(path)
    (finding,) = examine(url)
    assert "must be a regular file" in finding.message
    assert finding.command.startswith("mv ")


def test_an_end_without_its_limit_is_told_as_damaged(url: str) -> None:
    with open_store(url) as store:
        make_whole_study(store)
        store.calls.add("study", StopReason("timeout", {"seconds": 60.0}))
    (finding,) = examine(url)
    assert "automl_stops" in finding.message


def test_an_objective_need_not_have_given_a_state(url: str) -> None:
    with open_store(url) as store:
        study = store.create_study(replace(settings("loop"), task="objective", loss="objective"))
        store.calls.add("loop", PolicyRecord(0, "tpe", "none"))
        trial = study.ask()
        run = store.runs.begin("loop", trial_number=0, purpose="search", seed=1)
        store.runs.finish(run.run_id, "complete")
        study.tell(trial, 1.0)
    assert examine(url) == ()
