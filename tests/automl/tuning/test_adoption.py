"""Trials whose process died, seen from the study."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import optuna

from automl.tuning.adoption import AdoptedTrial, adopt_dead_trials
from storage import open_store
from storage.records import ArtifactRecord, EpochRecord, StudySettings

DYING = """
import os, signal, sys
import optuna
from storage import open_store
from storage.records import EpochRecord

store = open_store(sys.argv[1])
study = optuna.load_study(study_name="s", storage=store.optuna_storage)
trial = study.ask()
trial.suggest_float("learning_rate", 0.1, 1.0)
run = store.runs.begin("s", trial_number=trial.number, purpose="search", seed=7)
for epoch in (1, 2):
    trial.report(0.5, epoch)
    numbers = (0.4, 0.5, 0.0, 0.1, 0.1, 0.1, 1.0, 0.1)
    store.runs.add_epochs([EpochRecord(run.run_id, epoch, epoch, *numbers)])
store.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_trial_of_a_killed_process_is_adopted_with_all_it_had(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    with open_store(url) as store:
        store.create_study(minimal_settings())
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", DYING, url], check=False, env=environment)
    with open_store(url) as store:
        study = optuna.load_study(study_name="s", storage=store.optuna_storage)
        (adopted,) = adopt_dead_trials(study, store, minimal_settings())
        assert (adopted.number, adopted.n_attempts, adopted.n_lost) == (0, 1, 1)
        assert adopted.n_reported == 2
        (run,) = store.read_study("s").runs
        assert (run.run_id, run.seed, run.cause) == (adopted.run_ids[0], 7, "lost")
        assert [record.epoch for record in adopted.epochs[adopted.run_ids[0]]] == [1, 2]
        study.tell(adopted.handle, 0.25)
        assert study.trials[0].value == 0.25
        assert adopt_dead_trials(study, store, minimal_settings()) == []


def test_what_a_state_has_not_is_trained_again() -> None:
    """A state is older than the curve of its run, unless it was written with the last epoch."""

    def adopted(epoch: int | None, n_known: int) -> AdoptedTrial:
        details = {} if epoch is None else {"epoch": epoch}
        state = ArtifactRecord("a", "checkpoint", 0, 3, None, "a", 1, "", details)
        curve = [EpochRecord(3, n, n, *(0.5,) * 8) for n in range(1, n_known + 1)]
        trial = optuna.create_study().ask()
        return AdoptedTrial(
            trial, 1, n_known, epochs={3: curve}, folds={3: 0}, checkpoints=(state,)
        )

    assert adopted(5, 12).epochs_of_state(0) == 5
    assert adopted(12, 12).epochs_of_state(0) == 12
    assert adopted(13, 12).epochs_of_state(0) == 0, "it is ahead of what is known"
    assert adopted(None, 12).epochs_of_state(0) == adopted(5, 12).epochs_of_state(1) == 0


def minimal_settings() -> StudySettings:
    return StudySettings(
        study_name="s",
        task="binary",
        loss="binary_cross_entropy",
        target="y",
        data_source="a.csv",
        data_fingerprint="f",
        split={},
        space={},
        max_epochs=5,
        patience=2,
        seed=0,
        class_names=("a", "b"),
    )
