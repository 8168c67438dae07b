"""A trial's values, whoever set them; and changes as they are typed."""

from __future__ import annotations

from typing import Any

from automl.diagnostics.situation import Situation, change, change_range, space_parameters
from storage.records import TrialRecord


def test_fixed_values_of_the_space_count_as_the_trials(study: Any) -> None:
    space = {"parameters": {"dropout": {"type": "fixed", "value": 0.7}}}
    situation = Situation(study(space=space).settings, TrialRecord(0, "COMPLETE", {}))

    assert situation.value("dropout") == 0.7
    assert situation.amount("dropout") == 0.7


def test_values_that_nobody_set_are_the_defaults(study: Any) -> None:
    situation = Situation(study().settings, TrialRecord(0, "COMPLETE", {"n_layers": 4}))

    assert situation.value("n_layers") == 4
    assert situation.value("optimizer") == "adam"
    assert situation.amount("max_norm") == 0


def test_a_space_without_parameters_has_none(study: Any) -> None:
    assert space_parameters(study(space={"parameters": None}).settings) == {}


def test_changes_are_written_as_set_takes_them() -> None:
    assert change("dropout", 0.25).set == "0.25"
    assert change_range("learning_rate", 1e-4, 1e-2).set == "0.0001..0.01"
    assert change_range("hidden_size", 31.6, 1024, is_whole=True).set == "32..1024"


def test_a_role_is_that_of_the_space_or_of_the_family(study: Any) -> None:
    trial = TrialRecord(0, "COMPLETE", {"n_layers": 4})
    situation = Situation(study().settings, trial)

    assert situation.named("width") == "hidden_size"
    assert situation.count("depth") == 4
    assert situation.choice("activation") == "relu"
    assert [one.parameter for one in situation.change("normalization", "batch_norm")] == [
        "normalization"
    ]


def test_a_role_that_nothing_has_is_no_value_and_no_change(study: Any) -> None:
    own = {"family": "own", "parameters": {"odd": {"type": "int", "low": 1, "high": 2}}}
    situation = Situation(study(space=own).settings, TrialRecord(0, "COMPLETE", {"odd": 1}))

    assert situation.named("width") is None
    assert situation.count("width") is None
    assert situation.value("dropout") is None
    assert situation.value("odd") == 1
    assert situation.change("activation", "relu") == situation.search("width", 1, 2) == ()


def test_a_factor_of_the_width_is_no_count_of_units(study: Any) -> None:
    factor = {"type": "float", "low": 0.5, "high": 4.0, "meaning": "of the width", "role": "width"}
    own = {"family": "own", "parameters": {"factor": factor}}
    situation = Situation(study(space=own).settings, TrialRecord(0, "COMPLETE", {"factor": 2.0}))

    assert situation.choice("width") == 2.0
    assert situation.count("width") is None
    assert not situation.is_tiny
    assert situation.search("width", 16, 64) == ()
