"""Rows are compared as they were in their source: names count, row numbers do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.kinds import load_dataset
from automl.data.loaded import LoadedData
from automl.data.splits import RowSplit
from automl.data.table.column_inference import infer_columns
from automl.data.table.parts import Part
from automl.data.table.repeated_rows import RawRows, conflicting_rows, duplicated_rows, raw_rows
from automl.options.data_options import SplitOptions
from storage.records import DataCheckRecord

N = 240
TRAIN, VALID, TEST = np.arange(0, 144), np.arange(144, 192), np.arange(192, N)
SPLIT = RowSplit(((TRAIN, VALID),), TEST)


@pytest.fixture
def inputs() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(generator.normal(size=(N, 4)), columns=list("abcd"))


def raw(frame: pd.DataFrame, *others: pd.DataFrame) -> RawRows:
    rows = zip(("train", "valid", "test"), (frame, *others), strict=False)
    parts = {role: Part(each, pd.Series(0, each.index), {}) for role, each in rows}
    return raw_rows(parts, infer_columns(frame), SplitOptions())


def n_alike(frame: pd.DataFrame) -> int:
    return len(frame) - len(np.unique(raw(frame).hashes))


def test_duplicates_are_counted_in_and_across_splits(inputs: pd.DataFrame) -> None:
    inputs.iloc[1] = inputs.iloc[0]
    inputs.iloc[150] = inputs.iloc[0]
    inputs.iloc[200:203] = inputs.iloc[7].to_numpy()
    found = duplicated_rows(raw(inputs), np.zeros(N), SPLIT)
    assert {record.subject: record.value for record in found} == {
        "train": 1 / 144,
        "train/valid": 1 / 48,
        "train/test": 3 / 48,
    }


def test_a_weight_is_no_difference_between_rows(inputs: pd.DataFrame) -> None:
    inputs.iloc[1] = inputs.iloc[0]
    inputs["w"] = np.arange(1.0, N + 1)
    plans = [replace(plan, dropped="weight") if plan.name == "w" else plan
             for plan in infer_columns(inputs)]  # fmt: skip
    parts = {"train": Part(inputs, pd.Series(0, inputs.index), {})}
    hashes = raw_rows(parts, plans, SplitOptions()).hashes
    assert hashes[0] == hashes[1]


def test_rows_that_all_differ_are_no_duplicates(inputs: pd.DataFrame) -> None:
    assert duplicated_rows(raw(inputs), np.zeros(N), SPLIT) == []
    assert conflicting_rows(raw(inputs).hashes, np.arange(N)) == []


def test_people_who_look_alike_are_no_duplicates() -> None:
    """The names are dropped as inputs, and are a difference all the same."""
    alike = pd.DataFrame({"sex": ["f", "m"] * 20, "fare": [8.0, 8.0, 9.5, 8.0] * 10})
    assert n_alike(alike) == 37
    assert n_alike(alike.assign(name=[f"Passenger {i}, of {i * i}" for i in range(40)])) == 0
    assert n_alike(alike.assign(ticket=np.arange(40) * 1000 + 7)) == 0


@pytest.mark.parametrize("numbers", [range(40), range(1, 41), [*range(100, 140)][::-1]])
def test_row_numbers_make_no_difference(numbers: Any) -> None:
    alike = pd.DataFrame({"sex": ["f", "m"] * 20, "fare": [8.0, 8.0, 9.5, 8.0] * 10})
    assert n_alike(alike.assign(row=list(numbers))) == 37


def test_row_numbers_with_gaps_are_row_numbers() -> None:
    """Rows without a target were left out."""
    numbers = np.sort(np.random.default_rng(0).choice(60, 40, replace=False))
    alike = pd.DataFrame({"fare": [8.0, 9.5] * 20, "PassengerId": numbers})
    assert n_alike(alike) == 38


def test_a_moment_is_no_row_number() -> None:
    frame = pd.DataFrame({"load": [1.0, 2.0] * 20, "hour": range(40)})
    parts = {"train": Part(frame, pd.Series(0, frame.index), {})}
    by_time = raw_rows(parts, infer_columns(frame), SplitOptions(time="hour"))
    assert len(np.unique(by_time.hashes)) == 40


def test_rows_of_other_files_are_compared_however_their_numbers_are_written() -> None:
    texts = pd.DataFrame({"a": ["1.50", "2", "3"], "b": ["x", "", "z"]})
    numbers = pd.DataFrame({"a": [1.5, 7.0], "b": ["x", "y"], "more": [0, 1]})
    hashes = raw(texts, numbers).hashes
    assert hashes[3] == hashes[0]
    assert len(np.unique(hashes)) == 4


def test_copies_agree_in_the_target_and_look_alikes_need_not(inputs: pd.DataFrame) -> None:
    inputs.iloc[144:192] = inputs.iloc[:48].to_numpy()
    rows, targets = raw(inputs), np.arange(N) % 2
    copied = targets.copy()
    copied[144:192] = copied[:48]
    flipped = copied.copy()
    flipped[144:156] = 1 - flipped[144:156]

    def differing(values: np.ndarray) -> list[object]:
        return [one.details["other_target"] for one in duplicated_rows(rows, values, SPLIT)]

    assert differing(copied) == [0.0]
    assert differing(flipped) == [0.25]


def test_targets_of_test_rows_are_not_read(inputs: pd.DataFrame) -> None:
    inputs.iloc[TEST] = inputs.iloc[:48].to_numpy()
    spoilt = np.zeros(N)
    spoilt[TEST] = np.nan
    (record,) = duplicated_rows(raw(inputs), spoilt, SPLIT)
    assert record.details["other_target"] == 0.0


def test_it_is_counted_how_many_rows_are_possible() -> None:
    few = pd.DataFrame({"sex": ["f", "m"] * 20, "class": ["1", "2", "3", None] * 10})
    assert raw(few).n_possible == 8
    assert raw(few.assign(x=np.arange(40) / 7)).n_possible == 320


def test_equal_inputs_with_other_targets_conflict(inputs: pd.DataFrame) -> None:
    inputs.iloc[1:4] = inputs.iloc[0].to_numpy()
    hashes = raw(inputs).hashes
    (record,) = conflicting_rows(hashes, np.arange(N) // 2)
    assert record.details["n_rows"] == 4
    assert conflicting_rows(hashes, np.zeros(N)) == []


def test_a_table_of_people_has_none_and_a_copied_one_has() -> None:
    """The whole way, from a frame: columns of names and row numbers are dropped as inputs."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": range(1, 121),
            "name": [f"{'abcdefgh'[i % 8]}. person {i} of town" for i in range(120)],
            "sex": generator.choice(["f", "m"], 120),
            "age": generator.integers(20, 26, 120),
            "survived": generator.choice(["no", "yes"], 120),
        }
    )
    assert of_kinds(load_dataset(frame, target="survived")) == []
    copied = pd.concat([frame, frame]).assign(number=range(1, 241))
    found = of_kinds(load_dataset(copied, target="survived", splits=SplitOptions(folds=1)))
    assert {one.kind for one in found} == {"duplicated_rows"}
    assert max(one.value for one in found) > 0.5


def of_kinds(data: LoadedData) -> list[DataCheckRecord]:
    kinds = ("duplicated_rows", "conflicting_rows")
    return [one for one in data.data_checks if one.kind in kinds]
