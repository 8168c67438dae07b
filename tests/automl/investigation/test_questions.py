"""Questions to a stored study that train more; on the real data, read again by name."""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import automl
from automl.diagnostics.measured_advice import ON_ADVICE
from automl.errors import ConfigError, StudyError
from automl.executors.executor import RoundResult
from automl.executors.pool import Pool
from automl.executors.workers.in_process import InProcessEngine
from automl.executors.workers.worker import TrainingSetup
from automl.investigation import promotion
from automl.investigation import questions as investigation
from automl.options.loading import load_again
from automl.result import SearchResult
from automl.studies import ON_CAUSES, diagnose, load_study, open_existing_store
from automl.tuning.network_problem import NetworkProblem
from storage.records import Advice, Diagnosis, SpaceChange, StudyRecords

STUDY = "iris-species"


def test_confirmation_tries_the_advice_and_is_kept(finished_copy: str) -> None:
    result = investigation.confirm(STUDY, finished_copy, n_seeds=2, workers=1)
    answers = [one for one in result.diagnoses if one.kind in ON_ADVICE]
    runs = [run for run in result.records.runs if run.purpose == "confirm"]
    labels = {run.label for run in runs}
    assert bool(answers) == bool(runs)
    if runs:
        assert "unchanged" in labels
        assert len(runs) == 2 * len(labels)
        assert all(run.state in ("complete", "failed") for run in runs)
    again = diagnose(STUDY, finished_copy)
    assert [one for one in again.diagnoses if one.kind in ON_ADVICE] == answers


def test_verdicts_agree_with_the_answers_however_often_they_are_asked(finished_copy: str) -> None:
    """What was tried says so, once: it is planned from the verdicts themselves."""
    first = investigation.confirm(STUDY, finished_copy, n_seeds=2, workers=1).diagnoses
    second = investigation.confirm(STUDY, finished_copy, n_seeds=2, workers=1).diagnoses

    assert second == first
    tried = [one for one in first if one.kind in ON_ADVICE and "changes" in one.evidence]
    told = [advice.text for one in first if one not in tried for advice in one.advice]
    assert any("(Tried: " in text for text in told) == bool(tried)
    assert all(text.count("(Tried: ") <= 1 for text in told)


def test_more_runs_change_neither_trials_nor_best(
    finished: SearchResult, finished_copy: str
) -> None:
    result = investigation.confirm(STUDY, finished_copy, n_seeds=1, workers=1)
    assert result.trials == finished.trials


def test_explanation_splits_the_error_and_draws_the_data_size_curve(finished_copy: str) -> None:
    result = investigation.explain(STUDY, finished_copy, workers=1)
    assert {one.kind for one in result.diagnoses} >= ON_CAUSES
    assert not any("folds only" in one.message for one in result.diagnoses)
    purposes = {run.purpose for run in result.records.runs}
    assert {"bootstrap", "half", "data_size"} <= purposes


def test_judging_again_brings_the_advice_on_the_split_up_to_date(finished_copy: str) -> None:
    """As it must be where the verdict changes, or where an earlier version gave the advice."""
    told = investigation.explain(STUDY, finished_copy, workers=1).diagnoses
    with closing(open_existing_store(finished_copy)) as store:
        outdated = (Advice("More capacity."),)
        store.replace_diagnoses(STUDY, [replace(one, advice=outdated) for one in told])

    again = diagnose(STUDY, finished_copy).diagnoses

    (split,) = [one for one in again if one.kind == "decomposition"]
    assert split in told


def test_answers_about_a_study_with_folds_name_the_first_fold(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/folds.db"
    automl.search(
        "sklearn:iris", n_trials=2, storage=url, study="folds", folds=3, max_epochs=3, workers=1
    )

    answers = [
        one
        for one in investigation.explain("folds", url, workers=1).diagnoses
        if one.kind in ON_CAUSES
    ]

    assert len(answers) == 2
    assert all("first of 3 folds only" in one.message for one in answers)


def losses(records: StudyRecords, run_id: int) -> list[tuple[float, float]]:
    return [(one.train_loss, one.valid_loss) for one in records.epochs[run_id]]


def test_promotion_continues_the_paused_curve(finished_copy: str) -> None:
    """Its state was kept, so it goes on from there: to the curve of a run that never stopped."""
    records = load_study(STUDY, finished_copy).records
    paused = next(trial for trial in records.trials if trial.outcome == "paused")
    (before,) = records.search_runs(paused.number)
    n_before = len(records.epochs[before.run_id])
    promotion = investigation.promote(STUDY, paused.number, finished_copy, workers=1)
    assert (promotion.epochs_kept, promotion.epochs) == (n_before, 6)
    with closing(open_existing_store(finished_copy)) as store:
        for artifact in records.kept_artifacts("checkpoint"):
            store.artifacts.remove(artifact)
    anew = investigation.promote(STUDY, paused.number, finished_copy, workers=1)
    assert (anew.epochs_kept, anew.epochs) == (0, 6)

    after = load_study(STUDY, finished_copy).records
    continued, repeated = [run for run in after.runs if run.purpose == "promote"]
    assert (continued.continues_run_id, repeated.continues_run_id) == (before.run_id, None)
    assert {(run.state, run.cause) for run in (continued, repeated)} == {("complete", None)}
    assert losses(after, continued.run_id)[:n_before] == losses(records, before.run_id)
    assert losses(after, continued.run_id) == losses(after, repeated.run_id)
    assert anew.value == promotion.value and anew.best_epoch == promotion.best_epoch
    assert after.trials == records.trials, "the study's trials stay as they were"


def test_a_promotion_that_is_interrupted_leaves_no_run_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/folds.db"
    automl.search(
        "sklearn:iris",
        n_trials=9,
        storage=url,
        study="folds",
        folds=2,
        max_epochs=6,
        workers=1,
        policy="promotion",
    )
    records = load_study("folds", url).records
    paused = next(trial for trial in records.trials if trial.outcome == "paused")
    with closing(open_existing_store(url)) as store:
        dataset = load_again(records.settings, None).dataset
        setup = TrainingSetup(dataset)
        engine = InProcessEngine(setup)
        with pytest.raises(KeyboardInterrupt), InterruptedPool(setup, engine) as executor:
            problem = NetworkProblem(records.settings, dataset)
            promotion.promote(store, records, paused.number, problem, executor)
        after = store.read_study("folds")
    ended = [(run.state, run.cause) for run in after.runs if run.purpose == "promote"]
    assert ended == [("failed", "interrupted")] * 2


class InterruptedPool(Pool):
    """One in whose first round somebody presses Ctrl-C."""

    def next_round(self, deadline: float | None = None) -> RoundResult:
        signal.raise_signal(signal.SIGINT)
        return super().next_round(deadline)


def test_a_change_that_diverges_is_no_evidence_and_is_said(finished_copy: str) -> None:
    """Its runs are stored as what they are, and the finite epochs they began with do not count."""
    advice = Advice("", (SpaceChange("learning_rate", "1e30"), SpaceChange("optimizer", "sgd")))
    with closing(open_existing_store(finished_copy)) as store:
        told = Diagnosis("advice_helps", "good", "", advice=(advice,))
        store.replace_diagnoses(STUDY, [told])

    result = investigation.confirm(STUDY, finished_copy, n_seeds=2, workers=1)

    answer = next(one for one in result.diagnoses if "1e+30" in one.message)
    assert answer.kind == "advice_failed"
    assert "2 of 4 runs failed and do not count: 2 diverged (the loss was not" in answer.message
    ends = {
        (run.label == "unchanged", run.state, run.cause)
        for run in result.records.runs
        if run.label in ("unchanged", answer.evidence["label"])
    }
    assert ends == {(True, "complete", None), (False, "failed", "diverged")}


def test_only_pruned_trials_can_be_promoted(finished: SearchResult, finished_copy: str) -> None:
    with pytest.raises(StudyError, match="is complete"):
        investigation.promote(STUDY, finished.best.number, finished_copy)
    with pytest.raises(StudyError, match="from 0 to 5"):
        investigation.promote(STUDY, 99, finished_copy)


@pytest.mark.parametrize("workers", [0, True, "all", 2.5, None])
def test_workers_are_counted_by_the_rules_of_a_search(workers: Any, finished_copy: str) -> None:
    for ask in (
        lambda: investigation.confirm(STUDY, finished_copy, workers=workers),
        lambda: investigation.explain(STUDY, finished_copy, workers=workers),
        lambda: investigation.promote(
            STUDY, _paused(finished_copy), finished_copy, workers=workers
        ),
    ):
        with pytest.raises(ConfigError, match="workers must be a whole number from 1, or 'auto'"):
            ask()


def test_numbers_of_numpy_count_too(finished: SearchResult, finished_copy: str) -> None:
    number = np.int64(_paused(finished_copy))
    promoted = investigation.promote(STUDY, number, finished_copy, workers=np.int64(1))  # type: ignore[arg-type]
    assert promoted.trial_number == number
    with pytest.raises(ConfigError, match="n_seeds must be a whole number from 1, but got 0"):
        investigation.confirm(STUDY, finished_copy, n_seeds=0)
    with pytest.raises(ConfigError, match="trial_number must be a whole number from 0"):
        finished.model(True)


def _paused(storage: str) -> int:
    trials = load_study(STUDY, storage).trials
    return next(trial.number for trial in trials if trial.outcome == "paused")
