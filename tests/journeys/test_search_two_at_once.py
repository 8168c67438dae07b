"""Two searches on one study at the same time; a study that is deleted while it is searched."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner

import cli
from automl.errors import StudyError
from automl.studies import delete_study, load_study
from storage import examine, open_store

ROOT = Path(__file__).parents[2]
N_TRIALS = 13


def start(folder: Path, n_trials: int, *more: str) -> subprocess.Popen[str]:
    command = [
        *("search", "sklearn:iris", "--study", "iris", "--folds", "1", "--json"),
        *(
            "--max-epochs",
            "3",
            "--workers",
            "1",
            "--n-trials",
            str(n_trials),
            "--no-references",
            *more,
        ),
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "keep_models", ["1", *(pytest.param(n, marks=pytest.mark.slow) for n in "12345")]
)
def test_two_searches_train_the_total_and_keep_the_best(tmp_path: Path, keep_models: str) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    more = ("--keep-models", keep_models, "--slots", "3")
    both = [start(tmp_path, N_TRIALS, *more) for _ in "ab"]
    for process in both:
        output, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        assert json.loads(output)["best"] is not None
    result = load_study("iris", url)
    assert [trial.number for trial in result.trials] == list(range(N_TRIALS))
    assert all(trial.outcome != "unfinished" for trial in result.trials)
    assert len(result.best_model().members) == 1
    assert len(result.records.kept_artifacts("preprocessing")) == 1
    assert len(result.records.kept_artifacts("weights")) <= int(keep_models)
    assert examine(url) == ()


@pytest.mark.timeout(300)
def test_a_loss_that_is_enough_ends_a_search_though_another_one_has_found_it(
    tmp_path: Path,
) -> None:
    """The other one is this process, which tells of a trial that it has not trained."""
    searching = start(tmp_path, 100_000, "--target-loss", "1e-9")
    wait_for_trials(tmp_path, 3)
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        study = optuna.load_study(study_name="iris", storage=store.optuna_storage)
        known = study.trials[0]
        study.enqueue_trial({})  # who waits is not counted among those that have begun
        found = optuna.trial.create_trial(
            params=known.params,
            distributions=known.distributions,
            value=1e-10,
            intermediate_values={1: 1e-10},
        )
        study.add_trial(found)
        added = [trial.number for trial in study.trials if trial.value == 1e-10]
    output, errors = searching.communicate(timeout=60)
    assert searching.returncode == 1 and "could not be scored" in errors  # it has no weights
    stopped = json.loads(output)["stopped"]
    assert (stopped["because"], [stopped["trial_number"]]) == ("target_loss", added)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_searches_share_their_epochs_in_all(tmp_path: Path) -> None:
    limit = ("--max-epochs-total", "120", "--slots", "2")
    both = [start(tmp_path, 100_000, *limit) for _ in "ab"]
    for process in both:
        output, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        assert json.loads(output)["stopped"]["because"] == "max_epochs_total"
    records = load_study("iris", f"sqlite:///{tmp_path}/automl.db").records
    n_trained = sum(len(curve) for curve in records.epochs.values())
    slack = 2 * (3 * 3 + 30)  # what either trained ahead, and in the second between two looks
    assert 120 <= n_trained <= 120 + slack


# Optuna deletes the rows that it has read before; where the search has changed a listing of kept
# models in between, it warns of a row that is gone, and deletes the study all the same.
@pytest.mark.filterwarnings("ignore:DELETE statement on table:sqlalchemy.exc.SAWarning")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "n_ended", ["1", *(pytest.param(n, marks=pytest.mark.slow) for n in "247")]
)
def test_study_deleted_during_its_search_is_said_in_one_line(tmp_path: Path, n_ended: str) -> None:
    process = start(tmp_path, 100_000)
    wait_for_trials(tmp_path, int(n_ended))
    optuna.delete_study(study_name="iris", storage=f"sqlite:///{tmp_path}/automl.db")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert "must exist to be used" in errors
    assert "Traceback" not in errors


@pytest.mark.timeout(300)
def test_a_search_whose_study_was_deleted_leaves_the_next_one_of_its_name_alone(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    first = start(tmp_path, 100_000)
    wait_for_trials(tmp_path, 2)
    with pytest.raises(StudyError, match=f"is, by process {first.pid} on .*force=True"):
        delete_study("iris", url)
    refused = CliRunner().invoke(cli.main, ["delete", "iris", "--yes", "--storage", url])
    assert refused.exit_code == 1 and "--force" in refused.output
    delete_study("iris", url, force=True)
    second = start(tmp_path, 5)
    _, errors = first.communicate(timeout=120)
    assert first.returncode == 1, errors
    assert "must exist to be used" in errors and "Traceback" not in errors
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    result = load_study("iris", url)
    assert [trial.number for trial in result.trials] == list(range(5))
    assert all(trial.outcome != "running" for trial in result.trials)
    assert len(result.records.policies) == 1
    left = {one.kind for one in examine(url)}
    assert left <= {"leftover"}  # files that the first one wrote before it knew
    delete_study("iris", url)  # nobody searches any more


def wait_for_trials(folder: Path, n_ended: int) -> None:
    deadline = time.monotonic() + 120
    query = "SELECT count(*) FROM trials WHERE state NOT IN ('RUNNING', 'WAITING')"
    while time.monotonic() < deadline:
        try:
            with sqlite3.connect(f"file:{folder}/automl.db?mode=ro", uri=True) as connection:
                (count,) = connection.execute(query).fetchone()
            connection.close()
            if count >= n_ended:
                return
        except sqlite3.OperationalError:
            pass  # not there yet
        time.sleep(0.02)
