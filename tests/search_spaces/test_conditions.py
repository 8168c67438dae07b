from __future__ import annotations

from search_spaces import Condition


def test_all_parts_of_a_condition_must_hold() -> None:
    condition = Condition.of({"optimizer": ["sgd"], "n_layers": [1, 2]})
    assert condition.names == ("optimizer", "n_layers")
    assert condition.holds({"optimizer": "sgd", "n_layers": 2})
    assert not condition.holds({"optimizer": "sgd", "n_layers": 3})
    assert not condition.holds({"optimizer": "sgd"})
    assert str(condition) == "optimizer is sgd and n_layers is 1 or 2"
