"""A study deleted through Optuna's own storage, and another made: nothing of the old is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import RDBStorage

from storage.call_records import PolicyRecord, StopReason
from storage.doctor import examine
from storage.records import DataCheckRecord, Diagnosis
from storage.score_records import AnswerMember, AnswerRecord, EvaluationRecord
from storage.store import Store, open_store
from tests.contracts.store_contract import epoch, layers, make_study


def fill(store: Store) -> None:
    """A study with everything that can be stored of one."""
    study = make_study(store)
    trial = study.ask()
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    store.runs.add_initial_layers(run.run_id, layers())
    store.runs.add_epochs([epoch(run.run_id, number) for number in range(1, 30)])
    store.add_data_checks("study", [DataCheckRecord("imbalance", "target", 0.9)])
    members = (AnswerMember(run.run_id, 1.0),)
    answer = store.add_answer("study", AnswerRecord("single", members, 0))
    store.add_evaluation("study", EvaluationRecord(answer.answer_id, "test", {"loss": 1.0}))
    store.replace_diagnoses("study", [Diagnosis("high_bias", "problem", "Too small.")])
    store.calls.add("study", PolicyRecord(0, "tpe", "median"))
    store.calls.add("study", StopReason("interrupted", n_trials=1))
    store.artifacts.save_weights("study", 0, run.run_id, {"w": np.ones(2)}, {})
    store.runs.finish(run.run_id, "complete")
    study.tell(trial, 1.0)


@pytest.mark.parametrize("while_open", [True, False])
def test_nothing_of_a_deleted_study_is_seen(tmp_path: Path, while_open: bool) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    store = open_store(url)
    fill(store)
    if not while_open:
        store.close()
    theirs = RDBStorage(url)
    old_id = theirs.get_study_id_from_name("study")
    optuna.delete_study(study_name="study", storage=theirs)
    new = optuna.create_study(study_name="study", storage=theirs)
    assert theirs.get_study_id_from_name("study") == old_id  # SQLite gives it out again
    new.add_trial(optuna.trial.create_trial(value=2.0))
    theirs.engine.dispose()
    assert store.read_settings("study") is None
    store.close()
    with open_store(url) as again:
        optuna.delete_study(study_name="study", storage=again.optuna_storage)
        study = make_study(again)
        study.ask()
        run = again.runs.begin("study", trial_number=0, purpose="search", seed=1)
        records = again.read_study("study")
        assert records.runs == (run,)
        assert len(records.trials) == 1
        assert not (records.epochs or records.initial_layers or records.data_checks)
        assert not (records.answers or records.evaluations or records.diagnoses)
        assert (records.policies, records.stops) == ((), ())
        assert records.artifacts == ()
        study.tell(0, 1.0)
    (leftover,) = (
        one for one in examine(url) if one.kind == "leftover"
    )  # Optuna knows of rows, not of files
    assert "of no study" in leftover.message
    assert leftover.command.startswith("rm ")
