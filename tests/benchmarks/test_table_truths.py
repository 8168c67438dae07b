"""What may be said of a study follows from losses on test rows, by rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.table_cases import Case, all_cases
from benchmarks.table_runs import Scale, Trained, difference
from benchmarks.table_truths import Measured, expected_kinds, healthy_kinds

N = 400
SICK = Case("too small", "kin8nm", causes=frozenset({"high_bias"}))


def rows(loss: float) -> np.ndarray:
    """Losses of all test rows about a mean, with noise of their own."""
    noise = np.random.default_rng(round(1000 * loss)).normal(scale=0.05, size=N)
    return loss + noise - noise.mean()


def trained(loss: float, train_loss: float | None = None) -> Trained:
    seeds = [rows(loss + 0.001 * i) for i in (-1, 0, 1)]
    train_loss = loss if train_loss is None else train_loss
    lost_share = (loss - train_loss) / max(1 - train_loss, 0.01)
    return Trained(np.stack(seeds), train_loss, loss, 1 - train_loss, lost_share)


def references(**losses: float) -> dict[str, np.ndarray]:
    return {name: rows(loss) for name, loss in {"guessing": 1.0, **losses}.items()}


def measured(
    network: float, *, trees: float = 0.9, train_loss: float | None = None, **others: float
) -> Measured:
    """Guessing has a loss of 1 and the linear model of 0.9; `others` are test losses."""
    known = references(linear_model=0.9, boosted_trees=trees)
    return Measured(
        rows(network),
        known,
        trained(network, train_loss),
        {name: trained(loss) for name, loss in others.items()},
        {"network": rows(network), **known},
    )


def test_a_mended_network_that_is_clearly_better_leaves_the_cause_alone() -> None:
    assert expected_kinds(SICK, measured(0.6, mended=0.2)) == {"high_bias"}


def test_a_mended_network_that_is_little_better_allows_both() -> None:
    assert expected_kinds(SICK, measured(0.36, mended=0.3)) == {"high_bias", "good_fit"}


def test_half_of_the_errors_are_much_where_few_are_left() -> None:
    assert expected_kinds(SICK, measured(0.2, trees=0.1, mended=0.1)) == {"high_bias"}


def test_a_mended_network_that_is_no_better_was_not_sick() -> None:
    assert expected_kinds(SICK, measured(0.3, mended=0.3)) == {"good_fit"}


def test_a_small_network_that_learned_nothing_may_be_told_so() -> None:
    nothing = measured(1.0, mended=0.2)
    assert expected_kinds(SICK, nothing) == {"high_bias", "not_learning"}


def test_a_leak_gains_by_being_there() -> None:
    case = replace(SICK, kind="leaked", causes=frozenset({"leakage"}))

    assert expected_kinds(case, measured(0.1, mended=0.5)) == {"leakage"}
    assert "good_fit" in expected_kinds(case, measured(0.5, mended=0.5))


def test_shuffled_targets_have_no_signal_unless_something_finds_one() -> None:
    case = replace(SICK, kind="shuffled", causes=frozenset({"no_signal"}))

    nothing = replace(measured(1.0), references=references())
    assert expected_kinds(case, nothing) == {"no_signal"}
    assert "no_signal" not in expected_kinds(case, measured(1.0))


def test_good_fit_is_never_right_behind_a_reference() -> None:
    assert healthy_kinds(measured(0.3, trees=0.2)) == {"behind_reference", "high_bias"}


def test_a_network_that_forgets_on_new_rows_has_high_variance() -> None:
    assert healthy_kinds(measured(0.3, train_loss=0.1)) == {"good_fit", "high_variance"}


def test_without_a_signal_on_test_rows_what_was_learned_on_train_rows_is_lost() -> None:
    in_vain = replace(measured(1.0, train_loss=0.2), references=references())
    assert healthy_kinds(in_vain) == {"no_signal", "weak_signal", "high_variance"}


def test_a_network_that_restraint_mends_is_no_good_fit() -> None:
    assert healthy_kinds(measured(0.5, restrained=0.3)) == {"high_variance"}


@pytest.mark.parametrize(
    ("network", "kinds"),
    [(0.95, {"weak_signal"}), (0.85, {"weak_signal", "good_fit"}), (0.5, {"good_fit"})],
)
def test_little_explained_is_a_weak_signal(network: float, kinds: set[str]) -> None:
    beside = replace(measured(network), references=references())
    assert healthy_kinds(beside) == kinds


def test_a_validation_score_far_better_than_the_test_score_may_be_said() -> None:
    flattered = replace(measured(0.5), valid=rows(0.3))
    assert healthy_kinds(flattered) == {"good_fit", "selection_gap"}


def test_standing_is_paired() -> None:
    """Rows that differ widely, but a reference that is better on each of them."""
    hard = np.random.default_rng(1).exponential(size=N)
    known = {"linear_model": hard - 0.01, "guessing": hard + 1}
    one = replace(measured(0.5), references=known, compared={"network": hard, **known})
    assert one.standing == "worse"
    assert one.best_reference == "linear_model"
    assert replace(one, compared={"network": hard - 0.02, **known}).standing == "better"


def test_seeds_count_in_the_error_of_a_difference() -> None:
    alike = difference(np.stack([rows(0.5)] * 2), np.stack([rows(0.4)] * 2))
    apart = difference(np.stack([rows(0.5), rows(0.9)]), np.stack([rows(0.4)] * 2))
    assert apart.error > 10 * alike.error


def test_with_class_weights_each_class_counts_as_much() -> None:
    scale = Scale("cross_entropy", np.array([0, 0, 0, 1]), 1.0, has_class_weights=True)
    never_one = np.tile([0.9, 0.1], (4, 1))
    assert scale.losses(never_one).mean() == pytest.approx(-0.5 * np.log(0.9) - 0.5 * np.log(0.1))
    assert scale.compared(never_one).mean() == pytest.approx(0.5)
    assert scale.plain.compared(never_one).mean() == pytest.approx(
        -0.75 * np.log(0.9) - 0.25 * np.log(0.1)
    )


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in all_cases()]
    assert len(set(names)) == len(names)
    assert len({case.table for case in all_cases() if case.kind != "healthy"}) >= 12
