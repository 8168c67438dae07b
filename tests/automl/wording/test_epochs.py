"""Epochs of parts of the rows are told, to train or to measure; those of all rows are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl.wording.epochs import epoch_sentences, measured_words, part_words
from storage.records import StudySettings
from tests.contracts.synthetic_study import synthetic_study


def settings(batch_size: dict[str, Any], n_rows: int = 10_000, **values: Any) -> StudySettings:
    return replace(
        synthetic_study(6).settings,
        n_rows={"train": n_rows},
        space={"parameters": {"batch_size": batch_size}},
        **{"epoch_steps": 100, **values},
    )


CHOICES = {"type": "categorical", "choices": [16, 64, 512, "full"]}


def test_a_part_of_a_pass_is_told_with_its_updates_and_its_share() -> None:
    assert part_words(settings(CHOICES), {"batch_size": 16}) == "100 updates, 0.16 passes"
    fixed = settings({"type": "fixed", "value": 50})
    assert part_words(fixed, {}) == "100 updates, 0.5 passes"
    assert part_words(replace(fixed, space={}), {}) == "100 updates, 0.32 passes"


@pytest.mark.parametrize("size", [100, 512, "full", None])
def test_of_a_pass_nothing_is_said(size: int | str | None) -> None:
    assert part_words(settings(CHOICES), {"batch_size": size}) == ""
    assert part_words(settings(CHOICES, epoch_steps="full"), {"batch_size": 16}) == ""


def test_a_study_says_which_batches_make_parts_of_passes() -> None:
    said = "An epoch is a pass over the 10,000 train rows, or 100 updates with batches of fewer "
    assert epoch_sentences(settings(CHOICES)) == said + "than 100 rows."
    assert epoch_sentences(settings({"type": "int", "low": 99, "high": 512})) == said + (
        "than 100 rows."
    )


@pytest.mark.parametrize("low", [100, 512])
def test_nothing_is_said_where_no_batch_is_so_small(low: int) -> None:
    assert epoch_sentences(settings({"type": "int", "low": low, "high": 512})) == ""
    assert epoch_sentences(settings({"type": "fixed", "value": "full"})) == ""
    assert epoch_sentences(settings(CHOICES, epoch_steps="full")) == ""


def test_a_study_says_on_how_many_validation_rows_it_measures() -> None:
    rows = {"train": 60_000, "valid": 20_000, "test": 20_000}
    whole = replace(settings(CHOICES, epoch_steps="full"), n_rows=rows)
    part = replace(whole, n_measured=5_000)
    assert measured_words(part) == "5,000 of 20,000"
    assert epoch_sentences(part) == (
        "Each epoch of each trial is measured on the same 5,000 of 20,000 validation rows."
    )
    assert epoch_sentences(replace(part, epoch_steps=100)).startswith("An epoch is a pass over ")
    for every_row in (whole, replace(whole, n_measured=20_000)):
        assert measured_words(every_row) == epoch_sentences(every_row) == ""
