"""What every kind of parameter promises: tables, distribution and membership agree."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import optuna
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces import Condition, Parameter
from search_spaces.parameters import read_parameter

CONDITIONS = st.sampled_from(
    [
        (),
        (Condition.of({"optimizer": ["momentum", "nesterov"]}),),
        (Condition.of({"optimizer": ["sgd"]}), Condition.of({"schedule": ["step"]})),
        (Condition.of({"optimizer": ["sgd"], "n_layers": [1, 2]}),),
    ]
)
TASKS = st.sampled_from([(), ("regression",), ("binary", "multiclass")])
REASONS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=20)
COMMON = {"when": CONDITIONS, "tasks": TASKS, "reason": REASONS}

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class ParameterContract:
    """Subclasses give a strategy of their kind."""

    def strategy(self) -> st.SearchStrategy[Parameter]:
        raise NotImplementedError

    @few
    @given(data=st.data())
    def test_its_table_reads_back_as_the_same_parameter(self, data: st.DataObject) -> None:
        parameter = data.draw(self.strategy())
        table = parameter.to_dict()
        again = read_parameter(parameter.name, json.loads(json.dumps(table)))
        assert again == parameter
        assert again.to_dict() == table  # equality leaves the reason out, the table does not

    @few
    @given(data=st.data())
    def test_its_table_survives_toml(self, data: st.DataObject) -> None:
        parameter = data.draw(self.strategy())
        text = to_toml(parameter.name, parameter.to_dict())
        assert read_parameter(parameter.name, tomllib.loads(text)[parameter.name]) == parameter

    @few
    @given(data=st.data(), seed=st.integers(0, 2**31))
    def test_it_contains_what_it_suggests(self, data: st.DataObject, seed: int) -> None:
        parameter = data.draw(self.strategy())
        value = parameter.suggest(ask(seed))
        assert value in parameter

    @few
    @given(data=st.data(), seed=st.integers(0, 2**31))
    def test_its_distribution_is_the_one_it_suggests_from(
        self, data: st.DataObject, seed: int
    ) -> None:
        parameter = data.draw(self.strategy())
        trial = ask(seed)
        parameter.suggest(trial)
        expected = (
            {} if parameter.distribution is None else {parameter.name: parameter.distribution}
        )
        assert trial.distributions == expected

    @few
    @given(data=st.data())
    def test_it_contains_the_values_that_define_it(self, data: st.DataObject) -> None:
        parameter = data.draw(self.strategy())
        for values in parameter.stated_values.values():
            assert all(value in parameter for value in values)

    @few
    @given(data=st.data())
    def test_it_does_not_contain_what_it_cannot_suggest(self, data: st.DataObject) -> None:
        parameter = data.draw(self.strategy())
        for foreign in ("no such value", float("nan"), float("inf"), [], -1e300):
            assert foreign not in parameter


def ask(seed: int) -> optuna.Trial:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed)).ask()


def to_toml(name: str, table: dict[str, Any]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {_value(each)}\n" for key, each in table.items())


def _value(value: Any) -> str:
    """TOML of a plain value. JSON's strings, numbers and booleans are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)
