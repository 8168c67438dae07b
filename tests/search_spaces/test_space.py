from __future__ import annotations

import json
import pickle
import re

import optuna
import pytest

import search_spaces
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpace,
    SearchSpaceError,
)

OPTIMIZER = CategoricalParameter("optimizer", ("sgd", "momentum"))
MOMENTUM = FloatParameter(
    "momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),), reason="why not"
)
SMOOTHING = FloatParameter("label_smoothing", 0.0, 0.1, tasks=("binary", "multiclass"))
DROPOUT = FixedParameter("dropout", 0.25)


def small_space(*more: Parameter) -> SearchSpace:
    return SearchSpace.of("small", [OPTIMIZER, MOMENTUM, SMOOTHING, DROPOUT, *more])


def test_params_have_fixed_values_but_no_inactive_parameter() -> None:
    fixed = {"optimizer": "sgd", "label_smoothing": 0.0}
    params = small_space().suggest(optuna.trial.FixedTrial(fixed))
    assert params == {"optimizer": "sgd", "label_smoothing": 0.0, "dropout": 0.25}


def test_optuna_never_sees_a_fixed_parameter() -> None:
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(0)).ask()
    small_space().suggest(trial)
    assert "dropout" not in trial.params
    assert set(small_space().distributions()) == {"optimizer", "momentum", "label_smoothing"}


def test_stored_params_are_completed_to_what_was_suggested() -> None:
    space = small_space(FixedParameter("decay_fraction", 1.0, when=MOMENTUM.when))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    for _ in range(20):
        trial = study.ask()
        params = space.suggest(trial)
        assert space.complete(trial.params) == params
        assert ("decay_fraction" in params) == (params["optimizer"] == "momentum")


def test_a_space_survives_json_and_pickle() -> None:
    for space in (small_space(), small_space().for_task("binary")):
        again = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())))
        assert again == space
        assert again.to_dict() == space.to_dict()
        assert list(again.parameters) == list(space.parameters)
        assert pickle.loads(pickle.dumps(space)) == space


def test_a_task_leaves_out_what_it_does_not_have() -> None:
    assert "label_smoothing" in small_space().for_task("multiclass").parameters
    assert "label_smoothing" not in small_space().for_task("regression").parameters


def test_a_task_leaves_out_a_hyperparameter_that_never_exists_for_it() -> None:
    """Also where a person's file forgets to say so."""
    space = SearchSpace.of("own", [OPTIMIZER, FloatParameter("label_smoothing", 0.0, 0.1)])
    assert list(space.for_task("regression").parameters) == ["optimizer"]


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(SearchSpaceError, match="one of binary, multiclass, regression"):
        small_space().for_task("ranking")  # type: ignore[arg-type]


def test_narrowing_replaces_in_place_adds_at_the_end_and_leaves_the_original() -> None:
    space = small_space()
    narrowed = space.narrow(["momentum=0.9", "n_layers=1..3"])
    assert list(narrowed.parameters) == [*space.parameters, "n_layers"]
    assert narrowed.parameters["momentum"] == FixedParameter("momentum", 0.9, when=MOMENTUM.when)
    assert space == small_space()


def test_narrowing_nothing_changes_nothing() -> None:
    assert small_space().narrow([]) == small_space()


def test_setting_what_no_trial_would_use_is_an_error() -> None:
    with pytest.raises(SearchSpaceError, match="momentum is used only where optimizer is moment"):
        small_space().narrow(["optimizer=sgd", "momentum=0.9"])


def test_a_parameter_that_becomes_unreachable_by_the_way_is_none() -> None:
    space = small_space().narrow(["optimizer=sgd"])
    assert not space.is_reachable("momentum")
    assert space.is_reachable("dropout")


def test_what_depends_on_an_unreachable_parameter_is_unreachable() -> None:
    last = FixedParameter("l1", 0.0, when=(Condition.of({"momentum": [0.9]}),))
    space = small_space(last)
    assert space.is_reachable("l1")
    assert not space.narrow(["optimizer=sgd"]).is_reachable("l1")


def test_setting_what_the_task_does_not_have_is_an_error() -> None:
    space = small_space().for_task("regression")
    with pytest.raises(SearchSpaceError, match="exists for binary, multiclass only"):
        space.narrow(["label_smoothing=0.1"])


def depends_on(name: str, **values: list[object]) -> FixedParameter:
    values_by_name = {"optimizer": "sgd", "schedule": "step", "activation": "relu"}
    return FixedParameter(name, values_by_name[name], when=(Condition.of(values),))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([depends_on("optimizer", optimizer=["sgd"])], "optimizer cannot depend on itself"),
        ([OPTIMIZER, depends_on("schedule", optimiser=["sgd"])], "Did you mean 'optimizer'?"),
        ([depends_on("schedule", optimizer=["sgd"]), OPTIMIZER], r"put \[optimizer\] before"),
        (
            [
                depends_on("schedule", optimizer=["sgd"]),
                depends_on("optimizer", schedule=["step"]),
            ],
            "schedule and optimizer depend on each other",
        ),
        (
            [
                depends_on("schedule", optimizer=["sgd"]),
                depends_on("optimizer", activation=["relu"]),
                depends_on("activation", schedule=["step"]),
            ],
            "schedule and optimizer depend on each other",
        ),
        ([OPTIMIZER, depends_on("schedule", optimizer=["sdg"])], "can never hold: optimizer must"),
        ([FloatParameter("n_layers", 1, 2)], 'type must be "int"'),
        ([IntParameter("batch_size", 0, 2)], "batch_size must be a whole number from 1"),
        ([CategoricalParameter("optimizer", ("adam", "adm"))], "but got 'adm'"),
        ([FixedParameter("learnig_rate", 1)], "Did you mean 'learning_rate'?"),
        ([OPTIMIZER, OPTIMIZER], "optimizer is given twice"),
        ([], "needs a parameter"),
    ],
)
def test_a_space_that_cannot_work_is_an_error(parameters: list[Parameter], message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        SearchSpace.of("wrong", parameters)


def test_a_condition_may_name_a_value_that_the_space_leaves_out() -> None:
    """So that a person can bring it back with `--set`, and its own parameters with it."""
    nesterov = Condition.of({"optimizer": ["nesterov"]})
    space = SearchSpace.of("own", [OPTIMIZER, FixedParameter("momentum", 0.9, when=(nesterov,))])
    assert not space.is_reachable("momentum")
    assert space.narrow(["optimizer=nesterov"]).is_reachable("momentum")


def test_a_space_is_a_line_and_in_a_notebook_a_table() -> None:
    space = search_spaces.load("mlp")
    assert repr(space).startswith("SearchSpace('mlp', family='mlp', ")
    assert len(repr(space)) < 80
    shown = space._repr_html_()
    assert "learning_rate" in shown and "(log)" in shown and "(fixed)" in shown
    hostile = CategoricalParameter("a", ("<b>", "x"), meaning="<i>", reason="<u>")
    own = SearchSpace.of("<s>", [hostile], family="objective")._repr_html_()
    assert not re.search("<[bius]>", own.replace("<b>Search space", ""))
    assert "&lt;b&gt;, x" in own and "&lt;i&gt;" in own
