"""Which trials can be promoted, and what a promotion says. Training: test_investigation.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.errors import StudyError
from automl.investigation.promotion import Promotion, check_promotable, judge_promotion
from automl.result import SearchResult
from automl.training.config import RunConfig, configure
from automl.tuning.planned_runs import EndedRun, PlannedRun
from storage.records import EpochRecord


@pytest.mark.parametrize("outcome", ["paused", "unfinished"])
def test_trials_that_can_go_on_can_be_promoted_while_no_process_holds_them(
    finished: SearchResult, outcome: str
) -> None:
    trials = list(finished.trials)
    number = next(trial.number for trial in trials if trial.outcome == "paused")
    assert check_promotable(finished.records, number, ()) == trials[number]
    attributes = trials[number].user_attributes if outcome == "paused" else {}
    trials[number] = replace(trials[number], state="RUNNING", user_attributes=attributes)
    records = replace(finished.records, trials=tuple(trials))
    assert check_promotable(records, number, {number}).outcome == outcome
    with pytest.raises(StudyError, match=f"is {outcome}, and a search is at work on it"):
        check_promotable(records, number, ())
    with pytest.raises(StudyError, match=f"is {outcome}, and has not begun to train"):
        check_promotable(replace(records, runs=()), number, {number})


def test_pruned_trials_can_be_promoted(finished: SearchResult) -> None:
    given_up = tuple(replace(trial, user_attributes={}) for trial in finished.trials)
    pruned = [trial for trial in given_up if trial.outcome == "pruned"]
    assert pruned
    for trial in pruned:
        assert (
            check_promotable(replace(finished.records, trials=given_up), trial.number, ()) == trial
        )


def test_complete_trials_had_their_budget(finished: SearchResult) -> None:
    with pytest.raises(StudyError, match="only a pruned, paused or unfinished trial"):
        check_promotable(finished.records, finished.best.number, ())


@pytest.mark.parametrize(
    ("value", "best", "would_be"),
    [(0.1, 0.2, True), (0.2, 0.2, False), (None, 0.2, False), (0.1, None, True)],
)
def test_promotion_knows_whether_pruning_cost_the_best_trial(
    value: float | None, best: float | None, would_be: bool
) -> None:
    assert Promotion(1, 3, 0.5, 50, 41, value, best).would_be_best is would_be


def ended(fold: int, cause: str | None, *losses: float) -> EndedRun:
    model, training = configure({}, family="mlp", max_epochs=6, patience=6)
    run = PlannedRun(
        "promote", "", RunConfig(fold, 1, "mlp", model, training, seed=fold, fold=fold)
    )
    curve = [
        EpochRecord(fold, epoch, epoch, loss, loss, 0.0, 0.1, 0.1, 0.1, 1.0, 0.1)
        for epoch, loss in enumerate(losses, start=1)
    ]
    return EndedRun(run, tuple(curve), cause, "signal SIGKILL" if cause == "lost" else "")


def test_a_promotion_is_worth_the_mean_of_its_folds_best(finished: SearchResult) -> None:
    runs = [ended(0, None, 0.9, 0.5, 0.6), ended(1, None, 0.9, 0.8, 0.7)]
    told = judge_promotion(finished.records, finished.trials[0], runs)
    assert (told.value, told.best_epoch, told.epochs, told.epochs_kept) == (0.6, 3, 3, 0)


def test_a_promotion_with_a_fold_that_diverged_has_no_value(finished: SearchResult) -> None:
    runs = [ended(0, None, 0.9, 0.5), ended(1, "diverged", 0.1, float("nan"))]
    assert judge_promotion(finished.records, finished.trials[0], runs).value is None


def test_a_promotion_that_failed_says_why(finished: SearchResult) -> None:
    runs = [ended(0, None, 0.9, 0.5), ended(1, "lost", 0.9)]
    with pytest.raises(StudyError, match=r"trial 0 failed: 1 of 2 .* 1 lost \(signal SIGKILL"):
        judge_promotion(finished.records, finished.trials[0], runs)
