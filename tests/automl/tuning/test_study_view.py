"""A stored study as a policy sees it."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from automl.data import LoadedData
from automl.tuning.problem import Problem
from automl.tuning.study_view import TURN, is_paused, turn_of, view_of
from storage.records import PAUSED
from tests.automl.tuning.searches import settings_for


def test_every_kind_of_trial_is_seen_as_it_is(iris: LoadedData) -> None:
    study = optuna.create_study()
    problem = Problem(settings_for(iris, "dropout=0.25"), iris.dataset)
    for _ in range(7):
        trial = study.ask({"learning_rate": optuna.distributions.FloatDistribution(0.1, 0.2)})
        trial.report(0.9, 1)
        trial.report(0.7, 2)
    ids = {trial.number: trial._trial_id for trial in study.trials}
    storage = study._storage
    storage.set_trial_user_attr(ids[1], PAUSED, 2)
    storage.set_trial_user_attr(ids[2], PAUSED, None)
    storage.set_trial_user_attr(ids[3], PAUSED, 2)
    storage.set_trial_user_attr(ids[5], "cause", "diverged")
    storage.set_trial_system_attr(ids[2], TURN, (4, 3))
    for number in (3, 4, 5):
        study.tell(number, state=TrialState.PRUNED)
    study.tell(6, 0.7)
    study.enqueue_trial({"learning_rate": 0.15})
    view = view_of(study, problem)
    assert [trial.state for trial in view.trials.values()] == [
        *("training", "training", "training", "paused", "pruned", "failed", "complete"),
    ]
    assert view.trials[0].losses == [0.9, 0.7]
    assert view.trials[0].params["dropout"] == 0.25
    assert view.turn == 7 + 3
    trials = study.trials
    assert (turn_of(trials[1]), turn_of(trials[2])) == ((1, 0), (4, 3))
    assert [is_paused(trial) for trial in trials] == [n in (1, 3) for n in range(8)]
