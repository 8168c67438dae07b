"""What earlier studies know, in the space of another."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import search_spaces
from automl.errors import ConfigError
from automl.tuning.earlier import (
    MOST_FIRST,
    N_FIRST,
    check_family,
    earlier_study,
    first_params,
    fitted,
    untried,
)
from storage.earlier_records import EarlierStudy, EarlierTrial
from storage.records import ParameterValue, StudyRecords
from tests.contracts.synthetic_study import synthetic_study

SPACE = search_spaces.load("mlp").for_task("multiclass")


@pytest.fixture(scope="module")
def records() -> StudyRecords:
    """Sixty trials, in the built-in space."""
    study = synthetic_study(60)
    return replace(study, settings=replace(study.settings, space=SPACE.to_dict()))


def trial(number: int, loss: float, **params: ParameterValue) -> EarlierTrial:
    return EarlierTrial(number, params, (loss,), "complete")


def test_curves_are_those_that_the_search_has_seen(records: StudyRecords) -> None:
    study = earlier_study(records, "before")
    assert study.max_epochs == records.settings.max_epochs
    for found, stored in zip(study.trials, records.trials, strict=True):
        curves = [records.epochs[run.run_id] for run in records.search_runs(stored.number)]
        assert len(found.losses) <= max(map(len, curves))
        assert all(map(math.isfinite, found.losses))
        if found.losses:
            first = sum(curve[0].valid_loss for curve in curves) / len(curves)
            assert found.losses[0] == pytest.approx(first)
        fixed = {"input_dropout", "l1"}
        assert set(stored.params) | fixed <= set(found.params) | set(stored.params)


def test_a_study_without_a_loss_teaches_nothing(records: StudyRecords) -> None:
    with pytest.raises(ConfigError, match="must have trials with a loss, but 'empty' has none"):
        earlier_study(replace(records, trials=()), "empty")


def test_another_family_is_refused(records: StudyRecords) -> None:
    check_family(records, SPACE, "before")
    with pytest.raises(ConfigError, match="same family as this one, own, but 'before' is of mlp"):
        check_family(records, replace_family("own"), "before")


def replace_family(family: str) -> search_spaces.SearchSpace:
    rate = SPACE.parameters["learning_rate"]
    return search_spaces.SearchSpace.of("own", [rate], family=family)


def test_what_does_not_fit_is_said_in_a_line_for_each_kind() -> None:
    space = search_spaces.SearchSpace.of(
        "three",
        [SPACE.parameters[name] for name in ("optimizer", "learning_rate", "dropout")],
    ).narrow(["optimizer=adam,sgd", "learning_rate=1e-3..1e-2"])
    study = EarlierStudy(
        "before",
        9,
        (
            trial(0, 0.3, optimizer="adam", learning_rate=0.1, dropout=0.2),
            trial(1, 0.2, optimizer="adamw", learning_rate=0.1, dropout=0.2),
            trial(2, 0.1, optimizer="sgd", learning_rate=0.005),
        ),
    )
    found = fitted(study, space)
    assert [one.number for one in found.study.trials] == [0, 2]
    assert found.study.trials[0].params["learning_rate"] == 1e-2
    assert found.study.trials[1].params["dropout"] == 0.0
    assert found.notes == (
        "before: 1 trial left out, with values that this space does not have: 1 with "
        "optimizer=adamw",
        "before: moved to the nearest value of this space: learning_rate (0.001..0.01; 1 trial)",
        "before: not known there, taken as the default: dropout=0.0",
    )


def test_the_best_is_tried_first_and_then_what_is_good_and_unlike_it() -> None:
    space = search_spaces.SearchSpace.of("one", [SPACE.parameters["dropout"]])
    places = [0.1, 0.11, 0.12, 0.13, 0.5, 0.14, 0.3, 0.15, 0.16, 0.17, 0.0, 0.05]
    study = EarlierStudy(
        "before", 9, tuple(trial(n, n / 10, dropout=place) for n, place in enumerate(places))
    )
    first = [params["dropout"] for params in first_params([study], space)]
    assert first[:3] == [0.1, 0.5, 0.3]
    assert len(first) == N_FIRST
    assert not {0.0, 0.05} & set(first), "those are not among the best ten"


def test_studies_take_turns_and_nothing_is_tried_twice() -> None:
    space = search_spaces.SearchSpace.of("one", [SPACE.parameters["dropout"]])
    studies = [
        EarlierStudy(
            name, 9, tuple(trial(n, n / 10, dropout=start + n / 20) for n in range(N_FIRST))
        )
        for name, start in (("a", 0.0), ("b", 0.0), ("c", 0.25), ("d", 0.24))
    ]
    first = first_params(studies, space)
    assert [params["dropout"] for params in first[:3]] == [0.0, 0.25, 0.24]
    assert len(first) == len({params["dropout"] for params in first}) <= MOST_FIRST
    assert untried(first, [{"dropout": 0.25}, {"dropout": 0.4}], space)[:2] == (first[0], first[2])


def test_no_study_gives_nothing_to_try() -> None:
    assert first_params([], SPACE) == ()
    assert first_params([EarlierStudy("left out", 9, ())], SPACE) == ()
