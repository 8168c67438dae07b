"""Where two curves differ first, and by how much."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from automl.investigation.compared_curves import (
    COMPARED,
    OWN_ROUNDING,
    apart_at_first,
    compare_curves,
)
from storage.records import EpochRecord

CURVE = tuple(
    EpochRecord(7, epoch, 10 * epoch, 1 / epoch, 2 / epoch, 0.1, 0.2, 0.3, 0.01, 1.0, 0.5)
    for epoch in range(1, 6)
)


def test_equal_curves_are_the_same_whatever_they_took_and_whoever_trained_them() -> None:
    again = [replace(one, run_id=8, seconds=9.0) for one in CURVE]
    found = compare_curves(2, CURVE, again, is_exact=True)
    assert found.is_same and (found.fold, found.n_equal, found.largest) == (2, 5, 0.0)


@pytest.mark.parametrize("name", COMPARED)
def test_one_bit_is_found_and_named(name: str) -> None:
    value = getattr(CURVE[2], name)
    other = value + 1 if name == "step" else math.nextafter(value, math.inf)
    found = compare_curves(
        0, CURVE, [*CURVE[:2], replace(CURVE[2], **{name: other}), *CURVE[3:]], is_exact=True
    )
    assert not found.is_same and found.n_equal == 2
    assert found.first is not None
    assert (found.first.epoch, found.first.quantity) == (3, name)
    assert (found.first.before, found.first.now) == (value, other)


def apart(*differences: float) -> list[EpochRecord]:
    """The curve with validation losses that differ by so much, relatively."""
    return [
        replace(one, valid_loss=one.valid_loss * (1 + difference), train_metric=0.9)
        for one, difference in zip(CURVE, differences, strict=True)
    ]


def test_rounding_may_grow_until_the_curves_have_nothing_in_common() -> None:
    found = compare_curves(0, CURVE, apart(1e-7, 1e-6, 1e-4, 1e-2, 0.3), is_exact=False)
    assert found.is_same and found.has_parted
    assert (found.n_equal, found.n_close) == (5, 2)
    assert found.largest == pytest.approx(0.3 / 1.3)
    longer = [*apart(1e-7, 1e-6, 1e-4, 1e-2, 0.3), replace(CURVE[4], epoch=6)]
    assert compare_curves(0, CURVE, longer, is_exact=False).is_same  # it stops elsewhere


@pytest.mark.parametrize(
    ("differences", "epoch"),
    [((1e-5, 1e-5, 1e-5, 1e-5, 1e-5), 1), ((1e-7, 1e-7, 1e-7, 1e-2, 1e-2), 4)],
    ids=["from the first epoch on", "a jump"],
)
def test_what_rounding_does_not_explain_is_another_curve(
    differences: tuple[float, ...], epoch: int
) -> None:
    found = compare_curves(0, CURVE, apart(*differences), is_exact=False)
    assert not found.is_same
    assert found.first is not None
    assert (found.first.epoch, found.first.quantity, found.n_equal) == (
        epoch,
        "valid_loss",
        epoch - 1,
    )


def test_what_rounding_may_do_within_a_trainer_leaves_it_open() -> None:
    def found(sensitivity: float, *, is_exact: bool = False) -> bool | None:
        now = apart(1e-3, 0.1, 0.1, 0.1, 0.1)
        return compare_curves(0, CURVE, now, is_exact=is_exact, sensitivity=sensitivity).is_same

    assert found(1e-3 / OWN_ROUNDING * 1.01) is None
    assert found(math.inf) is None  # the moved run diverged
    assert found(1e-3 / OWN_ROUNDING * 0.99) is False
    assert found(1.0, is_exact=True) is False  # its own trainer does the same
    late = apart(0.0, 0.0, 0.0, 0.1, 0.1)
    assert compare_curves(0, CURVE, late, is_exact=False, sensitivity=1.0).is_same is False
    close = apart(1e-7, 1e-6, 1e-4, 1e-2, 0.3)
    assert compare_curves(0, CURVE, close, is_exact=False, sensitivity=1.0).is_same is True


def test_first_epochs_are_apart_by_the_loss_that_differs_more() -> None:
    assert apart_at_first(CURVE, apart(0.25, 9.0, 9.0, 9.0, 9.0)) == pytest.approx(0.2)
    assert apart_at_first(CURVE, ()) == math.inf


def test_curves_that_have_not_parted_are_equally_long() -> None:
    assert not compare_curves(0, CURVE, CURVE[:4], is_exact=False).is_same


def test_a_shorter_curve_is_not_the_same() -> None:
    found = compare_curves(0, CURVE, CURVE[:3], is_exact=True)
    assert found.first is None and not found.is_same and (found.n_equal, found.n_now) == (3, 3)


def test_losses_that_are_no_numbers_are_the_same_only_as_each_other() -> None:
    end = replace(CURVE[4], valid_loss=math.nan, train_loss=math.inf)
    assert compare_curves(0, [*CURVE[:4], end], [*CURVE[:4], end], is_exact=True).is_same
    found = compare_curves(0, [*CURVE[:4], end], CURVE, is_exact=False)
    assert not found.is_same and found.largest == math.inf
    told = found.to_json()
    assert told["largest_relative_difference"] is None
    first = told["first_difference"]
    assert isinstance(first, dict) and first["before"] is None and first["epoch"] == 5
