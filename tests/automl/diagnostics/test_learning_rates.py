"""Learning rates go by what steps were too small or too large, and no farther than people try."""

from __future__ import annotations

from typing import Any

import pytest

from automl.diagnostics.learning_rates import (
    USUAL_TOP_RATE,
    larger_steps,
    other_rates,
    rates_for_relu,
    smaller_steps,
    takes_small_steps,
)
from automl.diagnostics.situation import Situation
from search_spaces import load
from search_spaces.parameters import FloatParameter
from storage.records import Advice, TrialRecord


def situation(
    study: Any,
    rate: float,
    update_ratio: float | None = None,
    top: float | None = None,
    **params: Any,
) -> Situation:
    entry = {"type": "float", "low": 1e-4, "high": top, "log": True}
    space = {} if top is None else {"parameters": {"learning_rate": entry}}
    trial = TrialRecord(0, "COMPLETE", {"learning_rate": rate, **params}, 0.1)
    return Situation(study(space=space).settings, trial, update_ratio)


def ends(advice: Advice) -> tuple[float, float]:
    low, high = (float(end) for end in advice.changes[0].set.split(".."))
    return low, high


def middle(advice: Advice) -> float:
    low, high = ends(advice)
    return float((low * high) ** 0.5)


def test_the_usual_top_is_the_built_in_spaces() -> None:
    parameter = load("mlp").parameters["learning_rate"]

    assert isinstance(parameter, FloatParameter)
    assert parameter.high == USUAL_TOP_RATE


def test_larger_steps_aim_at_a_smooth_update_ratio(study: Any) -> None:
    """A ratio of 3e-5 is a hundredth of 3e-3, so the learning rate grows a hundredfold."""
    (advice,) = larger_steps(situation(study, 1e-5, 3e-5))

    assert middle(advice) == pytest.approx(1e-3, rel=0.01)


def test_a_rate_is_raised_no_farther_than_the_study_searches_or_tenfold(study: Any) -> None:
    """The ratio asks for 140 times as much: 6.3, which nobody would try."""
    for top, highest in ((0.1, 0.448), (0.7, 0.7), (None, 0.448)):
        (advice,) = larger_steps(situation(study, 0.0448, 2.1e-5, top))

        assert ends(advice)[1] == pytest.approx(highest)
        assert f"to about {highest:.2g}" in advice.text


def test_rates_near_the_highest_useful_one_are_not_raised(study: Any) -> None:
    assert larger_steps(situation(study, 0.5, 1e-5, 100.0)) == []


def test_smaller_steps_go_by_the_update_ratio(study: Any) -> None:
    """A ratio of 0.09 is 30 times 3e-3."""
    assert middle(smaller_steps(situation(study, 0.3, 0.09))) == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize(("rate", "aim"), [(0.5, 0.005), (0.0448, 0.001), (0.002, 0.0002)])
def test_without_a_ratio_smaller_steps_are_usual_ones_a_tenth_to_a_hundredth(
    study: Any, rate: float, aim: float
) -> None:
    assert middle(smaller_steps(situation(study, rate))) == pytest.approx(aim, rel=0.01)


def test_smaller_steps_end_where_usual_rates_do(study: Any) -> None:
    """A hundredth of 200 still diverges."""
    assert ends(smaller_steps(situation(study, 200.0)))[1] == USUAL_TOP_RATE


def test_other_rates_are_on_both_sides_but_none_that_nobody_tries(study: Any) -> None:
    assert ends(other_rates(situation(study, 1e-3))) == pytest.approx((1e-3 / 30, 0.03), rel=0.01)
    assert ends(other_rates(situation(study, 0.3)))[1] == 1.0
    assert ends(other_rates(situation(study, 5.0)))[1] == 5.0


def test_steps_are_small_only_where_the_ratio_is_a_guide(study: Any) -> None:
    assert takes_small_steps(situation(study, 1e-3, 1e-4))
    assert not takes_small_steps(situation(study, 1e-3, 3e-3))
    assert not takes_small_steps(situation(study, 1e-3, None))


@pytest.mark.parametrize(
    ("optimizer", "rate", "n"), [("adam", 0.1, 1), ("adam", 0.01, 0), ("sgd", 0.1, 0)]
)
def test_relu_needs_a_lower_rate_of_adaptive_optimizers_alone(
    study: Any, optimizer: str, rate: float, n: int
) -> None:
    assert len(rates_for_relu(situation(study, rate, optimizer=optimizer))) == n
