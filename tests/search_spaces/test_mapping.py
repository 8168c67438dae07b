"""Params of one space as those of another."""

from __future__ import annotations

import pytest

import search_spaces
from search_spaces import FixedParameter, FloatParameter, SearchSpace
from search_spaces.mapping import NoCounterpart, default_of, mapped, nearest_to

SPACE = search_spaces.load("mlp").for_task("regression")


def params(**changes: object) -> dict[str, object]:
    """All that a trial of the built-in space has."""
    found = {name: default_of(p, None) for name, p in SPACE.parameters.items() if not p.when}
    found |= changes
    conditional = {
        name: p.value
        for name, p in SPACE.parameters.items()
        if isinstance(p, FixedParameter) and p.when and p.is_active(found)
    }
    return {**conditional, **found}


def test_params_of_the_space_stay_as_they_are() -> None:
    given = params(optimizer="momentum", momentum=0.8, learning_rate=0.003)
    found = mapped(given, SPACE)  # type: ignore[arg-type]
    assert found.params == given
    assert (found.moved, found.missing) == ((), ())


def test_numbers_go_to_the_nearest_that_there_is() -> None:
    narrow = SPACE.narrow(["learning_rate=1e-3..1e-2", "batch_size=16,64", "n_layers=2..3"])
    found = mapped(params(learning_rate=0.1, batch_size=512, n_layers=5), narrow)  # type: ignore[arg-type]
    assert found.params["learning_rate"] == 1e-2
    assert found.params["batch_size"] == 64
    assert found.params["n_layers"] == 3 and type(found.params["n_layers"]) is int
    assert found.moved == ("n_layers", "learning_rate", "batch_size")


def test_the_distance_of_two_numbers_to_choose_from_is_their_ratio() -> None:
    choices = SPACE.narrow(["batch_size=16,256"]).parameters["batch_size"]
    assert nearest_to(choices, 60) == 16
    assert nearest_to(choices, 70) == 256


def test_a_word_that_is_not_there_has_no_counterpart() -> None:
    with pytest.raises(NoCounterpart, match="optimizer=adam"):
        mapped(params(optimizer="adam"), SPACE.narrow(["optimizer=sgd"]))  # type: ignore[arg-type]


def test_what_is_missing_gets_its_default_if_the_trial_has_it() -> None:
    given = params(optimizer="momentum")
    del given["learning_rate"]
    found = mapped(given, SPACE)  # type: ignore[arg-type]
    assert found.params["learning_rate"] == 1e-3
    assert found.params["momentum"] == 0.9
    assert found.missing == ("learning_rate", "momentum")
    without = mapped(params(optimizer="adam", momentum=0.8), SPACE)  # type: ignore[arg-type]
    assert "momentum" not in without.params


def test_what_has_no_default_gets_a_middle_value() -> None:
    assert default_of(FloatParameter("gate", 1e-4, 1.0, log=True), None) == pytest.approx(1e-2)
    assert default_of(FloatParameter("gate", 0.0, 1.0), None) == 0.5


def test_who_builds_the_networks_is_this_spaces_business() -> None:
    gate = FloatParameter("gate", 0.0, 1.0, meaning="how open")
    spaces = [
        SearchSpace.of("own", [gate, FixedParameter("model", who, meaning="who")], family="own")
        for who in ("a.py:build", "b.py:build")
    ]
    found = mapped({"gate": 0.2, "model": "a.py:build"}, spaces[1])
    assert found.params == {"gate": 0.2, "model": "b.py:build"}
