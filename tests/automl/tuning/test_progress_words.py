"""Where a search is, in one line."""

from __future__ import annotations

from dataclasses import replace

from automl.tuning.progress import TimeLeft
from automl.tuning.progress_words import described_params, progress_line
from tests.automl.console.test_terminal import snapshot


def test_line_says_how_trials_ended_and_how_long_it_takes() -> None:
    line = progress_line(snapshot())
    assert line == (
        "13/100 trials, 5 complete, 7 pruned, 1 failed, best 0.4321 (trial 3), "
        "1 min 5 s elapsed, about 2 min 10 s left"
    )


def test_line_of_a_policy_that_pauses_speaks_of_pauses() -> None:
    pausing = replace(snapshot(), pauses=True, n_pruned=0, n_paused=1087)
    assert "5 complete, 1,087 paused, 1 failed" in progress_line(pausing)
    begun = replace(pausing, n_complete=0, n_paused=0, n_failed=0)
    assert "0 complete, 0 paused, 0 failed" in progress_line(begun)
    mixed = replace(pausing, n_pruned=2)  # by an earlier call, with another policy
    assert "5 complete, 2 pruned, 1,087 paused, 1 failed" in progress_line(mixed)


def test_before_any_trial_has_ended_only_the_end_of_the_time_is_known() -> None:
    begun = replace(snapshot(), n_complete=0, n_pruned=0, n_failed=0, n_tried=0)
    begun = replace(begun, time_left=TimeLeft(2.0))
    assert progress_line(begun).endswith("1 min 5 s elapsed, time is up in 2.0 s")


def test_a_study_may_have_more_trials_than_are_asked_for() -> None:
    line = progress_line(replace(snapshot(), n_trials=10))
    assert line.startswith("13 trials, more than the 10 asked for, 5 complete")


def test_the_most_telling_hyperparameters_come_first() -> None:
    params = {"dropout": 0.123456, "learning_rate": 0.01, "optimizer": "adam"}
    assert described_params(params) == "optimizer=adam, learning_rate=0.01, dropout=0.123"


def test_without_a_total_the_trials_are_counted_alone() -> None:
    progress = replace(snapshot(), n_trials=None)
    assert progress_line(progress).startswith("13 trials, 5 complete")
