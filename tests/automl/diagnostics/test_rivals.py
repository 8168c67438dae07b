"""References are held against the network row by row, on both sets of rows."""

from __future__ import annotations

from typing import Any

import pytest

from automl.diagnostics.rivals import best_rival, find_rivals


def test_each_reference_stands_beside_the_scored_trial(
    study: Any, curve: Any, beside: Any
) -> None:
    records = beside(study(curve(1.0, 0.3)), {"linear_model": 0.5, "boosted_trees": 0.2})

    rivals = {one.name: one for one in find_rivals(records, 0)}

    assert set(rivals) == {"guessing", "linear_model", "boosted_trees"}
    assert rivals["boosted_trees"].is_better
    assert rivals["boosted_trees"].is_certainly_better
    assert not rivals["linear_model"].is_better


def test_a_trial_that_was_not_scored_has_none(study: Any, curve: Any, beside: Any) -> None:
    records = beside(study(curve(1.0, 0.3), curve(1.0, 0.5)), {"linear_model": 0.2})

    assert find_rivals(records, 1) == ()


def test_the_best_of_those_that_are_better_leads(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.3))

    leader = best_rival(
        find_rivals(beside(records, {"linear_model": 0.25, "boosted_trees": 0.2}), 0)
    )
    nobody = best_rival(find_rivals(beside(records, {"linear_model": 0.31}), 0))

    assert leader is not None and leader.words == "boosted trees"
    assert nobody is None


def test_a_lead_on_one_set_of_rows_alone_is_not_certain(
    study: Any, curve: Any, beside: Any
) -> None:
    records = study(curve(1.0, 0.3))
    records = beside(records, {"linear_model": 0.2}, test_losses={"linear_model": 0.3})

    (_, linear) = find_rivals(records, 0)

    assert linear.is_better and linear.split == "valid"
    assert not linear.is_certainly_better
    assert not linear.matters(1.0)


@pytest.mark.parametrize(("loss", "matters"), [(0.2, True), (0.275, False)])
def test_a_small_lead_is_said_but_does_not_matter(
    study: Any, curve: Any, beside: Any, loss: float, matters: bool
) -> None:
    (_, linear) = find_rivals(beside(study(curve(1.0, 0.3)), {"linear_model": loss}), 0)

    assert linear.is_better
    assert linear.matters(1.0) == matters
