from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import StorageError
from storage.packing import (
    BLOCK_EPOCHS,
    check_epochs,
    check_layers,
    layer_names,
    pack_epochs,
    pack_layers,
    unpack_epochs,
    unpack_layers,
)
from storage.records import EpochRecord, LayerGradientRecord

numbers = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.integers(-999_999, 999_999).flatmap(
    lambda digits: st.integers(-12, 12).map(lambda power: float(f"{digits}e{power}"))
)


@st.composite
def blocks(draw: st.DrawFn) -> list[EpochRecord]:
    first = BLOCK_EPOCHS * draw(st.integers(0, 1000)) + 1
    return [
        EpochRecord(
            7, first + i, draw(st.integers(0, 2**32 - 1)), draw(numbers), draw(numbers),
            *(draw(decimals) for _ in range(6)),
        )
        for i in range(draw(st.integers(1, BLOCK_EPOCHS)))
    ]  # fmt: skip


@given(blocks())
def test_losses_come_back_exactly_and_the_rest_to_six_digits(block: list[EpochRecord]) -> None:
    assert unpack_epochs([(7, pack_epochs(block), len(block))], {}) == block


@given(st.floats(1e-30, 1e30))
def test_no_number_is_further_off_than_float32_and_seven_digits_make_it(number: float) -> None:
    record = EpochRecord(7, 1, 1, *(8 * [number]))
    (back,) = unpack_epochs([(7, pack_epochs([record]), 1)], {})
    assert back.gradient_norm == pytest.approx(number, rel=6e-8 + 5e-7)


def test_row_has_its_full_length_from_the_first_epoch_on() -> None:
    """So that SQLite changes it in place."""
    block = [EpochRecord(7, i, i, *(8 * [0.5])) for i in range(1, BLOCK_EPOCHS + 1)]
    assert len(pack_epochs(block[:1])) == len(pack_epochs(block)) == 480


def test_what_is_not_finite_stays_so_and_what_is_finite_too() -> None:
    record = EpochRecord(7, 1, 1, math.inf, math.nan, math.nan, 1e300, -1e300, 0.0, math.inf, 0.1)
    (back,) = unpack_epochs([(7, pack_epochs([record]), 1)], {})
    assert back.train_loss == math.inf
    assert math.isnan(back.valid_loss)
    assert math.isnan(back.valid_loss_standard_error)
    assert math.isfinite(back.train_metric)
    assert back.train_metric > 1e38
    assert back.valid_metric < -1e38
    assert back.learning_rate == 0.0
    assert back.gradient_norm == math.inf


@pytest.mark.parametrize(
    ("data", "n_epochs"),
    [(b"short", 1), (b"0" * 480, 0), (b"0" * 480, 11), (-1, 1), ("0" * 480, 1), (b"0" * 480, "1")],
)
def test_what_is_no_row_of_epochs_is_refused(data: Any, n_epochs: Any) -> None:
    with pytest.raises(ValueError, match="must have 480 bytes for 1 to 10 epochs, but has"):
        check_epochs(data, n_epochs)


def test_layers_come_back_from_the_input_on() -> None:
    layers = [
        LayerGradientRecord(1, "output", 1e-7, 2.5, math.inf, -0.1, 1.0, 0.0, 0.0),
        LayerGradientRecord(0, "hidden 1", 0.03, 2.5, 0.001, 0.2, 0.9, 0.0, 0.5),
    ]
    names = layer_names(layers)
    check_layers(pack_layers(layers), names)
    assert unpack_layers([(pack_layers(layers), names)]) == [tuple(reversed(layers))]


def test_rows_are_unpacked_together_as_each_alone() -> None:
    """Of several runs, their last rows not full, with the layers of some epochs."""
    one = [EpochRecord(7, i, i, *(8 * [i / 3])) for i in range(1, 14)]
    two = [EpochRecord(9, 1, 8, *(8 * [-0.7]))]
    layer = LayerGradientRecord(0, "output", *(7 * [0.1]))
    rows = [
        (7, pack_epochs(one[:10]), 10),
        (7, pack_epochs(one[10:]), 3),
        (9, pack_epochs(two), 1),
    ]
    alone = [epoch for row in rows for epoch in unpack_epochs([row], {})]
    assert unpack_epochs(rows, {}) == alone
    assert [(epoch.run_id, epoch.epoch) for epoch in alone] == [
        *((7, i) for i in range(1, 14)),
        (9, 1),
    ]
    measured = [epoch.layers for epoch in unpack_epochs(rows, {(7, 11): (layer,)})]
    assert measured == [*(10 * [()]), (layer,), *(3 * [()])]
    assert unpack_epochs([], {}) == []


def test_moments_of_layers_are_unpacked_together_as_each_alone() -> None:
    layers = [LayerGradientRecord(i, f"hidden {i + 1}", *(7 * [i / 7])) for i in range(3)]
    moments = [(pack_layers(layers[:n]), layer_names(layers[:n])) for n in (2, 3, 1)]
    assert unpack_layers(moments) == [one for each in moments for one in unpack_layers([each])]
    assert [len(one) for one in unpack_layers(moments)] == [2, 3, 1]
    assert unpack_layers([]) == []


@pytest.mark.parametrize(
    ("data", "names"), [(b"0" * 28, "a\nb"), (b"0" * 27, "a"), ("0" * 28, "a"), (b"0" * 28, None)]
)
def test_what_are_no_layers_of_these_names_is_refused(data: Any, names: Any) -> None:
    with pytest.raises(ValueError, match="must have 28 bytes for each layer of its run, but has"):
        check_layers(data, names)


def test_layers_must_be_numbered_without_gaps() -> None:
    layer = LayerGradientRecord(1, "output", *(7 * [0.0]))
    with pytest.raises(StorageError, match=r"numbered 0, 1, 2, ..., but got \[1, 2\]"):
        layer_names([layer, replace(layer, layer=2)])
