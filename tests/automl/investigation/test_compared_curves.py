"""Where two curves differ first, and by how much."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from automl.investigation.compared_curves import COMPARED, compare_curves
from storage.records import EpochRecord

CURVE = tuple(
    EpochRecord(7, epoch, 10 * epoch, 1 / epoch, 2 / epoch, 0.1, 0.2, 0.3, 0.01, 1.0, 0.5)
    for epoch in range(1, 6)
)


def test_equal_curves_are_the_same_whatever_they_took_and_whoever_trained_them() -> None:
    again = [replace(one, run_id=8, seconds=9.0) for one in CURVE]
    found = compare_curves(2, CURVE, again, 0.0)
    assert found.is_same and (found.fold, found.n_equal, found.largest) == (2, 5, 0.0)


@pytest.mark.parametrize("name", COMPARED)
def test_one_bit_is_found_and_named(name: str) -> None:
    value = getattr(CURVE[2], name)
    other = value + 1 if name == "step" else math.nextafter(value, math.inf)
    found = compare_curves(
        0, CURVE, [*CURVE[:2], replace(CURVE[2], **{name: other}), *CURVE[3:]], 0
    )
    assert not found.is_same and found.n_equal == 2
    assert found.first is not None
    assert (found.first.epoch, found.first.quantity) == (3, name)
    assert (found.first.before, found.first.now) == (value, other)


def test_with_a_tolerance_losses_count_and_only_beyond_it() -> None:
    near = [replace(one, valid_loss=one.valid_loss * 1.0005, train_metric=0.9) for one in CURVE]
    assert compare_curves(0, CURVE, near, 1e-3).is_same
    far = [*near[:3], replace(CURVE[3], train_loss=CURVE[3].train_loss * 1.01), near[4]]
    found = compare_curves(0, CURVE, far, 1e-3)
    assert found.first is not None and (found.first.epoch, found.n_equal) == (4, 3)
    assert found.largest == pytest.approx(0.01, rel=0.02)


def test_a_shorter_curve_is_not_the_same() -> None:
    found = compare_curves(0, CURVE, CURVE[:3], 0.0)
    assert found.first is None and not found.is_same and (found.n_equal, found.n_now) == (3, 3)


def test_losses_that_are_no_numbers_are_the_same_only_as_each_other() -> None:
    end = replace(CURVE[4], valid_loss=math.nan, train_loss=math.inf)
    assert compare_curves(0, [*CURVE[:4], end], [*CURVE[:4], end], 0.0).is_same
    found = compare_curves(0, [*CURVE[:4], end], CURVE, 1e-3)
    assert not found.is_same and found.largest == math.inf
    told = found.to_json()
    assert told["largest_relative_difference"] is None
    first = told["first_difference"]
    assert isinstance(first, dict) and first["before"] is None and first["epoch"] == 5
