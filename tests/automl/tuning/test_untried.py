"""Combinations that were tried, and the nearest that were not: every one is found, once."""

from __future__ import annotations

import itertools
from typing import Any

import optuna
import pytest

from automl.tuning.untried import Tried, TriedReader
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    SearchSpace,
)

FINITE = SearchSpace.of(
    "finite",
    [
        CategoricalParameter("optimizer", ("adam", "momentum", "sgd")),
        IntParameter("n_layers", 1, 3),
        CategoricalParameter(
            "momentum", (0.5, 0.9), when=(Condition.of({"optimizer": ["momentum"]}),)
        ),
        FixedParameter("dropout", 0.0),
        CategoricalParameter("batch_size", (64,)),
    ],
)
N_COMBINATIONS = 3 + 3 * 2 + 3

MIXED = SearchSpace.of(
    "mixed",
    [IntParameter("n_layers", 1, 2), FloatParameter("learning_rate", 1e-4, 1e-1, log=True)],
)


def changed(params: dict[str, Any], wish: dict[str, Any]) -> int:
    return sum(name in params and params[name] != value for name, value in wish.items())


def test_parameters_that_are_not_used_and_fixed_ones_do_not_count() -> None:
    tried = Tried(FINITE)
    tried.add({"optimizer": "adam", "n_layers": 2, "batch_size": 64})
    assert {"optimizer": "adam", "n_layers": 2, "batch_size": 64, "dropout": 0.0} in tried
    assert {"optimizer": "momentum", "n_layers": 2, "batch_size": 64, "momentum": 0.5} not in tried
    tried.add({"optimizer": "momentum", "n_layers": 2, "batch_size": 64, "momentum": 0.5})
    assert {"optimizer": "momentum", "n_layers": 2, "batch_size": 64, "momentum": 0.9} not in tried
    assert len(tried) == 2


@pytest.mark.parametrize("wish", [{}, {"optimizer": "momentum", "n_layers": 2, "momentum": 0.9}])
def test_every_combination_is_found_once_and_then_there_is_none(wish: dict[str, Any]) -> None:
    tried = Tried(FINITE)
    found = []
    while (params := tried.nearest_untried(wish, seed=len(found))) is not None:
        assert params not in tried
        assert FINITE.suggest(optuna.trial.FixedTrial(params)) == params  # whole and in order
        tried.add(params)
        found.append(params)
    assert len(found) == len(tried) == N_COMBINATIONS


def test_the_nearest_come_first() -> None:
    wish = {"optimizer": "momentum", "n_layers": 2, "momentum": 0.9, "batch_size": 64}
    tried = Tried(FINITE)
    n_changed = []
    while (params := tried.nearest_untried(wish, seed=len(n_changed))) is not None:
        tried.add(params)
        n_changed.append(changed(params, wish))
    assert n_changed == sorted(n_changed) and n_changed[0] == 0 and n_changed[-1] > 1


def test_whole_numbers_go_to_their_neighbours_first() -> None:
    space = SearchSpace.of("numbers", [IntParameter("hidden_size", 1, 100)])
    tried = Tried(space)
    values = []
    for _ in range(5):
        params = tried.nearest_untried({"hidden_size": 99}, seed=0)
        assert params is not None
        tried.add(params)
        values.append(params["hidden_size"])
    assert values == [99, 98, 100, 97, 96]


def test_which_parameter_changes_is_drawn_and_a_seed_draws_the_same() -> None:
    space = SearchSpace.of(
        "three", [IntParameter(name, 1, 9) for name in ("n_layers", "hidden_size")]
    )
    wish: dict[str, Any] = {"n_layers": 5, "hidden_size": 5}
    tried = Tried(space)
    tried.add(wish)
    found = [tried.nearest_untried(wish, seed) for seed in range(40)]
    assert found == [tried.nearest_untried(wish, seed) for seed in range(40)]
    kept = [params["n_layers"] == 5 for params in found if params is not None]
    assert len(kept) == 40 and 8 < sum(kept) < 32


def test_a_space_with_a_range_is_never_used_up() -> None:
    tried = Tried(MIXED)
    wish = {"n_layers": 1, "learning_rate": 1e-4}  # an end, where a Gaussian process may stay
    for seed in range(200):
        params = tried.nearest_untried(wish, seed)
        assert params is not None and params not in tried
        assert 1e-4 <= params["learning_rate"] <= 1e-1  # type: ignore[operator]
        tried.add(params)


def test_what_is_read_are_all_trials_that_have_params_and_finished_ones_once() -> None:
    study = optuna.create_study()
    reader = TriedReader(FINITE)
    expected = set()

    def check() -> None:
        tried = reader.read(study)
        assert len(tried) == len(expected)
        assert all(dict(params) in tried for params in expected)

    for n_layers, end in itertools.product((1, 2, 3), ("running", "pruned", "complete", "fail")):
        optimizer = {"running": "adam", "pruned": "sgd"}.get(end, "momentum")
        study.enqueue_trial({"optimizer": optimizer, "n_layers": n_layers, "momentum": 0.5})
        check()  # what waits has no params yet
        trial = study.ask()
        params = FINITE.suggest(trial)
        expected.add(tuple(params.items()))
        check()
        if end != "running":
            value = 1.0 if end == "complete" else None
            study.tell(trial, value, state=optuna.trial.TrialState[end.upper()])
        check()
    assert len(expected) == 9
    apart = reader.read(study)
    apart.add({"optimizer": "momentum", "n_layers": 1, "momentum": 0.9, "batch_size": 64})
    check()
    other = optuna.create_study()
    assert len(reader.read(other)) == 0
