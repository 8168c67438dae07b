from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import func, select

from storage import optuna_schema, tables
from storage.call_records import BeliefRecord, PolicyRecord, StopReason
from storage.earlier_records import EarlierStudy, EarlierTrial
from storage.records import PAUSED, DataCheckRecord, Diagnosis
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    EvaluationRecord,
    ImportancesRecord,
)
from storage.store import Store
from storage.widening_records import WideningRecord
from tests.contracts.store_contract import epoch, settings


def fill(store: Store, name: str) -> None:
    earlier = EarlierStudy("before", 3, (EarlierTrial(0, {}, (0.5,), "complete"),))
    study = store.create_study(settings(name), [earlier])
    trial = study.ask()
    trial.set_user_attr(PAUSED, 1)
    study.tell(trial, state=TrialState.PRUNED)
    store.adoption.reopen(study, 0)
    run = store.runs.begin(name, trial_number=0, purpose="search", seed=1)
    store.runs.add_epochs([epoch(run.run_id, 1)])
    store.add_data_checks(name, [DataCheckRecord("kind", "subject", 1.0)])
    answer = store.add_answer(name, AnswerRecord("single", (AnswerMember(run.run_id, 1.0),), 0))
    store.add_evaluation(name, EvaluationRecord(answer.answer_id, "test", {"loss": 0.1}))
    store.add_importances(name, ImportancesRecord(answer.answer_id, missing_because="no time"))
    store.replace_diagnoses(name, [Diagnosis("kind", "good", "message")])
    store.calls.add(name, PolicyRecord(0, "tpe", "median"))
    store.calls.add(name, StopReason("interrupted"))
    store.widenings.add(name, WideningRecord(25, {"dropout": (0.0, 0.9)}))
    store.beliefs.add(name, BeliefRecord("freeze_thaw", 25, 60, {}))
    store.artifacts.save_predictions(name, answer.answer_id, {})


def counts(store: Store) -> dict[str, int]:
    everything = (*tables.OF_A_STUDY, *tables.OF_A_RUN, tables.CLAIMS)
    with store._database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in everything
        }


def test_our_names_are_not_optunas() -> None:
    assert not tables.METADATA.tables.keys() & optuna_schema.OPTUNA_METADATA.tables.keys()


def test_every_table_of_a_study_or_run_is_listed() -> None:
    """A table that is not would keep the rows of deleted studies."""
    kept = {tables.DELETIONS, tables.EPOCHS, tables.LAYERS}
    of_study = {t for t in tables.METADATA.tables.values() if "study_id" in t.c} - kept
    of_run = {t for t in tables.METADATA.tables.values() if "run_id" in t.c}
    assert of_study == set(tables.OF_A_STUDY)
    assert of_run - {tables.RUNS, tables.ARTIFACTS} == set(tables.OF_A_RUN)


@pytest.mark.parametrize("by", ["optuna", "us"])
def test_rows_go_with_the_study_whoever_deletes_it(store: Store, url: str, by: str) -> None:
    for name in ("gone", "kept"):
        fill(store, name)
    store.flush()
    assert set(counts(store).values()) == {2}
    if by == "us":
        store.delete_study("gone")
    else:
        optuna.delete_study(study_name="gone", storage=url)
    assert set(counts(store).values()) == {1}
    assert len(store.read_study("kept").runs) == 1
