"""What is tried first: shipped for the built-in space, and brought into any space of a person."""

from __future__ import annotations

import pytest

import search_spaces
from search_spaces import FixedParameter, SearchSpace
from search_spaces.portfolio import known_good, portfolio
from storage.records import Task

SPACE = search_spaces.load("mlp")
TASKS: list[Task] = ["binary", "multiclass", "regression"]


@pytest.mark.parametrize("task", TASKS)
def test_all_that_is_known_of_tables_lies_in_the_shipped_space(task: Task) -> None:
    """Else a part of what was measured would be moved, or left out."""
    kind = "regression" if task == "regression" else "classification"
    entries = known_good("mlp")[kind]
    space = SPACE.for_task(task)
    assert len(entries) == 16
    found = portfolio(SPACE, task)
    assert len(found) == 16
    for entry, params in zip(entries, found, strict=True):
        assert params.keys() == space.complete(params).keys()
        searched = {
            name
            for name in params
            if not isinstance(space.parameters[name], FixedParameter) and name in entry
        }
        assert {name: params[name] for name in searched} == {n: entry[n] for n in searched}


def test_a_space_that_was_narrowed_gets_the_nearest_of_each() -> None:
    space = SPACE.narrow(["learning_rate=1e-4..1e-3", "n_layers=2"])
    found = portfolio(space, "binary")
    assert found
    for params in found:
        assert params["n_layers"] == 2
        assert isinstance(params["learning_rate"], float)
        assert 1e-4 <= params["learning_rate"] <= 1e-3


def test_what_has_a_choice_that_the_space_has_not_is_left_out() -> None:
    all_of_it = portfolio(SPACE, "regression")
    choices = {params["numeric_encoding"] for params in all_of_it}
    assert len(choices) > 1, "unlike each other"
    space = SPACE.narrow([f"numeric_encoding={min(map(str, choices))}"])
    assert 0 < len(portfolio(space, "regression")) < len(all_of_it)
    assert portfolio(SPACE.narrow(["optimizer=adagrad"]), "regression") == ()


def test_what_comes_to_the_same_is_there_once() -> None:
    names = [name for name in SPACE.parameters if name not in ("batch_size", "momentum")]
    fixed = {name: SPACE.parameters[name] for name in names}
    entry = portfolio(SPACE, "binary")[0]
    changes = [f"{name}={entry[name]}" for name in fixed if name in entry]
    space = SPACE.for_task("binary").narrow(changes)
    found = portfolio(space, "binary")
    assert len({tuple(params.items()) for params in found}) == len(found) <= 6  # batch sizes


def test_of_other_families_nothing_is_known() -> None:
    own = search_spaces.load("own")
    assert known_good(own.family) == {}
    assert portfolio(own, "binary") == ()
    objective = SearchSpace.from_dict(
        {**SPACE.to_dict(), "parameters": SPACE.to_dict()["parameters"]}
    )
    assert portfolio(objective, "objective") == ()
