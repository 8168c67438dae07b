"""Counts of a study, kept without reading it again."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState, create_trial

from automl.tuning.tally import Tally


def study_of(*trials: optuna.trial.FrozenTrial) -> optuna.Study:
    study = optuna.create_study()
    for trial in trials:
        study.add_trial(trial)
    return study


def test_counts_follow_causes_not_optunas_states() -> None:
    tally = Tally.of(
        study_of(
            create_trial(value=0.5),
            create_trial(value=0.3),
            create_trial(state=TrialState.PRUNED),
            create_trial(state=TrialState.PRUNED, user_attrs={"cause": "diverged"}),
            create_trial(state=TrialState.FAIL),
        )
    )
    assert (tally.n_complete, tally.n_pruned, tally.n_failed) == (2, 1, 2)
    assert tally.best is not None and (tally.best.number, tally.best_value) == (1, 0.3)
    assert tally.n_asked == tally.n_ended == tally.n_settled == 5
    assert tally.n_told == 0, "earlier calls have told them"


def test_those_told_as_pruned_while_they_paused_have_ended_but_were_not_pruned() -> None:
    states = [{"paused": 4}, {"paused": None}, {"paused": 1, "cause": "diverged"}]
    told = [create_trial(state=TrialState.PRUNED, user_attrs=attrs) for attrs in states]
    tally = Tally.of(study_of(*told))
    assert (tally.n_paused, tally.n_pruned, tally.n_failed, tally.n_ended) == (1, 1, 1, 3)
    assert tally.has_trained


def test_running_trials_are_asked_but_not_ended() -> None:
    study = study_of(create_trial(value=0.5))
    study.ask()
    tally = Tally.of(study)
    assert (tally.n_asked, tally.n_ended) == (2, 1)


def test_what_a_person_has_enqueued_is_asked_once_it_begins() -> None:
    study = study_of(create_trial(value=0.5))
    study.enqueue_trial({"x": 1.0})
    tally = Tally.of(study)
    assert (tally.n_asked, tally.has_all(1), tally.has_all(2)) == (1, True, False)
    study.ask()
    assert Tally.of(study).n_asked == 2


def test_what_becomes_of_a_trial_is_counted_once_whoever_tells() -> None:
    """It pauses here, its call ends, another coordinator lets it go on and completes it."""
    tally = Tally.of(study_of(create_trial(value=0.5)))
    counts = []
    for kind in ("training", "paused", "training", "paused", "left"):
        tally.note(1, kind)
        counts.append((tally.n_settled, tally.n_paused, tally.n_ended))
    assert counts == [(1, 0, 1), (2, 1, 1), (1, 0, 1), (2, 1, 1), (2, 1, 2)]
    assert tally.n_told == 1
    (told,) = study_of(create_trial(value=0.3)).get_trials()
    told.number = 1
    tally.take_over([told])
    assert (tally.n_complete, tally.n_paused, tally.n_ended, tally.n_asked) == (2, 0, 2, 2)
    assert tally.n_told == 1
    assert tally.best is not None and tally.best.number == 1


def test_an_equal_value_is_no_new_best() -> None:
    tally = Tally.of(study_of(create_trial(value=0.5), create_trial(value=0.5)))
    assert tally.best is not None and tally.best.number == 0
