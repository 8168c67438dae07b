"""Which trials were better, and that reading again is reading anew."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from automl.tuning.tpe.dimensions import Dimensions
from automl.tuning.tpe.past import PastReader
from search_spaces import CategoricalParameter, Condition, FloatParameter, SearchSpace
from storage.records import PAUSED

SPACE = SearchSpace.of(
    "two",
    [
        FloatParameter("weight_decay", 0.0, 1.0),
        CategoricalParameter("optimizer", ("adam", "momentum")),
        FloatParameter("momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),)),
    ],
)


def begin(study: optuna.Study, weight_decay: float, *reports: float) -> optuna.Trial:
    study.enqueue_trial({"weight_decay": weight_decay, "optimizer": "adam"})
    trial = study.ask()
    SPACE.suggest(trial)
    for step, value in enumerate(reports, 1):
        trial.report(value, step)
    return trial


def decays(study: optuna.Study) -> tuple[list[float], int]:
    past = PastReader(Dimensions(SPACE)).read(study)
    return past.coordinates[:, 0].tolist(), past.n_known


def test_trials_are_ranked() -> None:
    study = optuna.create_study()
    begin(study, 0.7)  # has just begun
    failed = begin(study, 0.8, 0.01)
    failed.set_constraint("failed", 1.0)
    study.tell(failed, state=TrialState.PRUNED)
    study.tell(begin(study, 0.5, 0.4), state=TrialState.PRUNED)
    study.tell(begin(study, 0.6, math.nan), state=TrialState.PRUNED)
    begin(study, 0.4, 0.3)  # in training, one report
    begin(study, 0.3, 0.9, 0.9)  # further
    study.tell(begin(study, 0.2, 0.1), 0.8)
    study.tell(begin(study, 0.1, 0.9), 0.7)
    study.tell(begin(study, 0.95), state=TrialState.FAIL)
    study.enqueue_trial({"weight_decay": 0.99})
    assert decays(study) == ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 6)


def test_the_largest_comes_first_where_a_study_is_maximized() -> None:
    study = optuna.create_study(direction="maximize")
    for weight_decay, value in ((0.1, 0.5), (0.2, 0.9)):
        study.tell(begin(study, weight_decay), value)
    assert decays(study) == ([0.2, 0.1], 2)


@pytest.mark.parametrize("seed", range(3))
def test_reading_again_gives_what_a_fresh_reader_does(seed: int) -> None:
    """Trials end in any order, are read at any time, and a past is not changed by later ones."""
    draw = np.random.default_rng(seed)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    reader, running = PastReader(Dimensions(SPACE)), []
    for _ in range(60):
        action = draw.integers(3)
        if action == 0 or not running:
            trial = study.ask()
            SPACE.suggest(trial)
            running.append((trial, 1))
        elif action == 1:
            trial, step = running.pop(draw.integers(len(running)))
            trial.report(draw.random(), step)
            running.append((trial, step + 1))
        else:
            trial, step = running.pop(draw.integers(len(running)))
            states = (TrialState.PRUNED, TrialState.FAIL)
            if draw.random() < 0.5:
                study.tell(trial, draw.random())
            else:
                study.tell(trial, state=states[draw.integers(2)])
        if draw.random() < 0.5:
            again, fresh = reader.read(study), PastReader(Dimensions(SPACE)).read(study)
            np.testing.assert_array_equal(again.coordinates, fresh.coordinates)
            assert again.n_known == fresh.n_known
    assert len(fresh) > 5


def test_another_study_is_read_from_its_beginning() -> None:
    reader = PastReader(Dimensions(SPACE))
    for name, weight_decay in (("a", 0.1), ("b", 0.2)):
        study = optuna.create_study(study_name=name)
        study.tell(begin(study, weight_decay), 1.0)
        assert reader.read(study).coordinates[:, 0].tolist() == [weight_decay]


def test_one_that_was_told_while_it_paused_may_go_on() -> None:
    study = optuna.create_study()
    told = begin(study, 0.1, 0.5)
    told.set_user_attr(PAUSED, 1)
    study.tell(told, state=TrialState.PRUNED)
    study.tell(begin(study, 0.2), 0.4)
    reader = PastReader(Dimensions(SPACE))
    assert reader.read(study).coordinates[:, 0].tolist() == [0.2, 0.1]
    study._storage._studies[study._study_id].trials[0].state = TrialState.RUNNING  # reopened
    told.report(0.3, 2)
    told.set_user_attr(PAUSED, None)
    study.tell(told, 0.3)
    past = reader.read(study)
    assert past.coordinates[:, 0].tolist() == decays(study)[0] == [0.1, 0.2]
