"""Trials trained again: whatever became of them, and whatever has changed since."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import automl
from automl.api import start_search
from automl.errors import ConfigError, StudyError
from automl.investigation.reproduction import (
    judge_reproduction,
    means_of,
    plan_reproduction,
    reproducible_trial,
)
from automl.options.search_options import SearchOptions
from automl.result import SearchResult
from automl.studies import load_study
from automl.tuning.planned_runs import EndedRun
from storage.call_records import PolicyRecord
from storage.records import RunRecord, StudyRecords

STUDY = "iris-species"


def search(folder: Path, *settings: str, **options: Any) -> tuple[str, StudyRecords]:
    """A study in which something becomes of trials; where it is."""
    url = f"sqlite:///{folder}/a.db"
    quick = {"n_trials": 2, "max_epochs": 4, "folds": 1, "workers": 1, "references": False}
    automl.search(
        "sklearn:iris", storage=url, study="s", set=list(settings), **{**quick, **options}
    )
    return url, load_study("s", url).records


def test_each_trial_has_its_curve_again_and_none_is_touched(
    finished: SearchResult, finished_copy: str
) -> None:
    outcomes = set()
    for trial in finished.trials:
        again = automl.reproduce(STUDY, trial.number, finished_copy, workers=1)
        outcomes.add(again.outcome)
        (fold,) = again.folds
        assert again.is_same and fold.largest == 0.0
        assert fold.n_now == fold.n_equal == fold.n_before > 0
    assert outcomes == {"complete", "paused"}
    after = load_study(STUDY, finished_copy).records
    assert after.trials == finished.records.trials
    runs = [run for run in after.runs if run.purpose == "reproduce"]
    assert [run.trial_number for run in runs] == [trial.number for trial in finished.trials]
    assert {(run.state, run.label) for run in runs} == {("complete", "stacked")}
    assert after.last_attempts == finished.records.last_attempts


def test_every_fold_is_trained_again(tmp_path: Path) -> None:
    url, records = search(tmp_path, folds=3)
    again = automl.reproduce("s", 1, url, workers=1)
    assert again.is_same and [fold.fold for fold in again.folds] == [0, 1, 2]
    seeds = [run.seed for run in records.search_runs(1)]
    after = load_study("s", url).records
    assert [run.seed for run in after.runs if run.purpose == "reproduce"] == seeds


def test_another_seed_is_another_curve(finished_copy: str) -> None:
    with sqlite3.connect(finished_copy.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE automl_runs SET seed = seed + 1 WHERE trial_number = 0")
    again = automl.reproduce(STUDY, 0, finished_copy, workers=1)
    (fold,) = again.folds
    assert not again.is_same and again.has_same_end and not again.changes
    assert fold.first is not None and fold.first.epoch == 1 and fold.n_equal == 0
    assert fold.first.before != fold.first.now and fold.largest > 0.001


def test_another_trainer_may_differ_as_rounding_does(
    finished: SearchResult, finished_copy: str
) -> None:
    number = finished.best.number
    again = automl.reproduce(STUDY, number, finished_copy, workers=1, trainer="plain")
    (fold,) = again.folds
    assert again.is_same and not again.is_exact
    assert 0 < fold.largest < 1e-3  # or it was the same trainer
    assert "kernels" not in again.changes
    runs = load_study(STUDY, finished_copy).records.runs
    assert runs[-1].label == "plain"


CHAOTIC = (
    *("n_layers=3", "hidden_size=79", "shape=funnel", "activation=relu", "initialization=xavier"),
    *("normalization=none", "optimizer=nesterov", "learning_rate=0.0225..0.023", "batch_size=16"),
    *("schedule=one_cycle", "momentum=0.96", "dropout=0.05", "weight_decay=5e-5..1e-4"),
    *("label_smoothing=0.02", "scaling=quantile", "numeric_encoding=none"),
    "output_initialization=as_hidden",
)
"""Of digits: rounding grows from 4e-8 to 5e-4 or 0.3 of the losses, by the processor."""


@pytest.fixture(scope="module")
def chaotic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one trial whose steps are about as large as they can be."""
    folder = tmp_path_factory.mktemp("chaotic")
    automl.search(
        "sklearn:digits",
        storage=f"sqlite:///{folder}/a.db",
        study="s",
        set=list(CHAOTIC),
        n_trials=1,
        max_epochs=20,
        folds=1,
        workers=1,
        references=False,
        sampler="tpe",  # of whose trial it was measured
    )
    return folder / "a.db"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trial_params SET param_value = param_value * 1.01 "
        "WHERE param_name = 'learning_rate'",
        "UPDATE trial_params SET param_value = param_value * 2 WHERE param_name = 'weight_decay'",
        "UPDATE automl_runs SET seed = seed + 1",
        "UPDATE studies SET study_name = study_name",  # nothing
    ],
    ids=["learning rate", "weight decay", "seed", "nothing"],
)
def test_a_chaotic_trial_is_the_same_unless_it_is_another_training(
    chaotic: Path, change: str, tmp_path: Path
) -> None:
    shutil.copytree(chaotic.parent, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy" / "a.db") as connection:
        connection.execute(change)
    url = f"sqlite:///{tmp_path}/copy/a.db"
    again = automl.reproduce("s", 0, url, workers=1, trainer="plain")
    (fold,) = again.folds
    assert again.is_same is change.startswith("UPDATE studies")
    assert fold.has_parted  # by more than rounding, whatever it was


CHAOTIC_AT_ONCE = (
    *("n_layers=2", "hidden_size=74", "shape=constant", "activation=silu"),
    *("initialization=orthogonal", "normalization=batch_norm", "optimizer=adamw"),
    *("learning_rate=0.111..0.112", "batch_size=32", "schedule=constant", "dropout=0.32"),
    *("weight_decay=0.0096", "label_smoothing=0.098", "scaling=standard"),
    *("numeric_encoding=none", "output_initialization=as_hidden"),
)
"""Of digits: rounding is 3e-3 of the losses within the first epoch, measured."""


def test_of_a_trial_that_is_chaotic_at_once_another_trainer_cannot_tell(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    how: dict[str, Any] = {"n_trials": 1, "max_epochs": 2, "folds": 1, "references": False}
    automl.search(
        "sklearn:digits", storage=url, study="s", set=list(CHAOTIC_AT_ONCE), workers=1, **how
    )
    again = automl.reproduce("s", 0, url, workers=1, trainer="plain")
    (fold,) = again.folds
    assert again.is_same is None and fold.is_chaotic
    assert fold.first is not None and fold.first.epoch == 1 and fold.largest > 1e-4
    runs = [run for run in load_study("s", url).records.runs if run.purpose == "reproduce"]
    assert [run.label for run in runs] == [
        "plain",
        "plain, learning rate higher by rounding",
        "plain, learning rate lower by rounding",
    ]
    assert automl.reproduce("s", 0, url, workers=1).is_same, "its own trainer tells"
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute(
            "UPDATE trial_params SET param_value = param_value / 1000 "
            "WHERE param_name = 'learning_rate'"
        )
    other = automl.reproduce("s", 0, url, workers=1, trainer="plain")
    assert other.is_same is False, "it is farther away than rounding makes"


def test_what_differs_is_named(finished: SearchResult, finished_copy: str) -> None:
    with sqlite3.connect(finished_copy.removeprefix("sqlite:///")) as connection:
        connection.execute(
            "UPDATE automl_policies SET environment = "
            "json_set(environment, '$.torch', '1.0.0', '$.processor', 'an abacus')"
        )
    again = automl.reproduce(STUDY, 0, finished_copy, workers=1)
    assert again.is_same
    now = finished.records.policies[0].environment
    assert again.changes == {
        "torch": ("1.0.0", now["torch"]),
        "processor": ("an abacus", now["processor"]),
    }


@pytest.mark.parametrize(
    ("cause", "settings"),
    [
        ("hopeless", ("initialization=zeros", "n_layers=3")),
        ("diverged", ("learning_rate=1e30", "optimizer=sgd", "normalization=none")),
        ("out_of_memory", ("hidden_size=10000000", "n_layers=2", "initialization=he")),
    ],
)
def test_what_failed_fails_again_the_same_way(
    cause: str, settings: tuple[str, ...], tmp_path: Path
) -> None:
    url, records = search(tmp_path, *settings, n_trials=1)
    assert records.trials[0].cause == cause
    again = automl.reproduce("s", 0, url, workers=1)
    assert again.is_same and (again.cause, again.cause_now) == (cause, cause)
    assert again.outcome == "failed"


def test_what_failed_and_does_not_fail_now_is_not_the_same(tmp_path: Path) -> None:
    url, _ = search(tmp_path, "initialization=zeros", "n_layers=3", n_trials=1)
    with sqlite3.connect(f"{tmp_path}/a.db") as connection:  # as if it were not looked at
        connection.execute("UPDATE automl_policies SET preflight = 0")
    again = automl.reproduce("s", 0, url, workers=1)
    assert not again.is_same and not again.has_same_end and again.cause_now is None


def test_a_trial_that_was_interrupted_is_trained_as_far_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    options = SearchOptions(
        storage=url, study="s", n_trials=1, max_epochs=40, workers=1, folds=1, references=False
    )
    with start_search("sklearn:iris", options) as session:
        for progress in session:
            if progress.n_epochs >= 2:
                session.stop()
    records = load_study("s", url).records
    curve = records.epochs[records.search_runs(0)[0].run_id]
    n_epochs = len(curve)
    assert records.trials[0].outcome == "unfinished" and 2 <= n_epochs < 40
    assert records.trials[0].value == curve[-1].valid_loss
    again = automl.reproduce("s", 0, url, workers=1)
    assert again.is_same and again.folds[0].n_now == n_epochs
    after = load_study("s", url).records
    assert after.trials == records.trials, "it can be continued still"
    promoted = automl.promote("s", 0, url, workers=1)
    assert (promoted.epochs_before, promoted.epochs) == (n_epochs, 40)
    assert promoted.value is not None and load_study("s", url).trials == records.trials


def test_a_trial_that_has_no_epoch_yet_cannot_be_compared(finished: SearchResult) -> None:
    runs = tuple(replace(run, state="running") for run in finished.records.runs)
    trials = tuple(replace(one, state="RUNNING", value=None) for one in finished.trials)
    records = replace(finished.records, runs=runs, trials=trials, epochs={})
    with pytest.raises(StudyError, match="trial 1 of 'iris-species' has none yet"):
        reproducible_trial(records, 1)


def test_a_trial_that_is_not_there_is_an_error(finished_copy: str) -> None:
    with pytest.raises(StudyError, match="from 0 to 5 in 'iris-species', but got 17"):
        automl.reproduce(STUDY, 17, finished_copy)


def test_a_device_that_is_not_there_is_an_error(finished: SearchResult) -> None:
    policy = replace(finished.records.policies[0], device="cuda:77")
    records = replace(finished.records, policies=(policy,))
    with pytest.raises(ConfigError, match="a device must be there, but got 'cuda:77'"):
        means_of(records, 0, None, None)
    assert means_of(records, 0, None, "cpu").device == "cpu"


def test_a_trial_is_trained_as_the_call_trained_that_began_it(finished: SearchResult) -> None:
    calls = (
        PolicyRecord(0, "tpe", "none", trainer="stacked", preflight=False),
        PolicyRecord(3, "tpe", "none", trainer="stacked", amp=True),
    )
    records = replace(finished.records, policies=calls)
    first, later = means_of(records, 2, None, None), means_of(records, 3, None, None)
    assert (first.trainer, dict(first.arithmetic), first.is_preflight) == ("stacked", {}, False)
    assert (later.trainer, dict(later.arithmetic)) == ("plain", {"amp": True})
    assert not means_of(records, 3, "stacked", None).arithmetic  # it knows of none
    unknown = replace(finished.records, policies=())
    assert means_of(unknown, 0, None, None).trainer == "stacked"


@pytest.mark.parametrize(
    ("state", "cause", "until"),
    [
        ("complete", None, None),
        ("complete", "early_stopped", None),
        ("complete", "out_of_time", 2),
        ("pruned", None, 2),
        ("running", None, 2),
        ("failed", "interrupted", 2),
        ("failed", "timed_out", 2),
        ("failed", "crashed", 3),
        ("failed", "diverged", 3),
    ],
)
def test_it_is_trained_as_far_as_something_can_be_compared(
    state: Any, cause: str | None, until: int | None, finished: SearchResult
) -> None:
    (before,) = finished.records.search_runs(0)
    run = replace(before, state=state, cause=cause)
    curve = finished.records.epochs[before.run_id][:1] * 2
    records = replace(finished.records, runs=(run,), epochs={run.run_id: curve})
    (planned,) = plan_reproduction(records, finished.trials[0], "stacked")
    assert (planned.until, planned.purpose) == (until, "reproduce")
    assert planned.config.seed == before.seed


def test_the_answer_is_plain_values(finished: SearchResult) -> None:
    (run,) = finished.records.search_runs(0)
    (planned,) = plan_reproduction(finished.records, finished.trials[0], "stacked")
    curve = finished.records.epochs[run.run_id]
    broken = (replace(curve[0], valid_loss=float("nan")), *curve[1:])
    again = RunRecord(99, 0, "reproduce", run.seed)
    records = replace(
        finished.records,
        runs=(*finished.records.runs, again),
        epochs={**finished.records.epochs, 99: broken},
    )
    means = means_of(finished.records, 0, None, None)
    told = judge_reproduction(
        records, finished.trials[0], [EndedRun(planned.numbered(99), broken)], means=means
    ).to_json()
    assert told["is_same"] is False
    (fold,) = told["folds"]  # type: ignore[misc, arg-type]
    assert fold["first_difference"] == {
        "epoch": 1,
        "quantity": "valid_loss",
        "before": curve[0].valid_loss,
        "now": None,
    }
    assert fold["largest_relative_difference"] is None
