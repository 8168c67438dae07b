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
    assert change_range("hidden_size", 31.6, 1024).set == "32..1024"
