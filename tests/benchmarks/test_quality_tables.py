"""How the tables are divided: the same for every side, with nothing that gives the answer away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality_tables import make_table, names_in


def test_every_class_is_divided_alike_and_no_row_is_on_both_sides(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": range(100), "y": ["a"] * 80 + ["b"] * 19 + ["alone"]})
    rows.to_csv(tmp_path / "letters.csv", index=False)

    table = make_table(tmp_path, "letters", 0, tmp_path / "made")

    train, test = pd.read_csv(table.train), pd.read_csv(table.test)
    assert list(test.columns) == ["x"]
    assert sorted([*train.x, *test.x]) == list(range(100))
    assert sorted(table.known) == ["a"] * 16 + ["b"] * 4
    assert "alone" in set(train.y)
    again = make_table(tmp_path, "letters", 0, tmp_path / "again")
    assert again.test.read_bytes() == table.test.read_bytes()
    other = make_table(tmp_path, "letters", 1, tmp_path / "other")
    assert other.test.read_bytes() != table.test.read_bytes()


def test_ids_are_left_out_and_a_quantity_has_a_width(tmp_path: Path) -> None:
    names = ["instant", "dteday", "casual", "registered", "temp", "cnt"]
    rows = pd.DataFrame({name: np.arange(50.0) for name in names})
    rows.to_csv(tmp_path / "bike_sharing_hour.csv.gz", index=False)

    table = make_table(tmp_path, "bike_sharing_hour", 0, tmp_path / "made")

    assert list(pd.read_csv(table.train).columns) == ["temp", "cnt"]
    assert table.task == "regression"
    assert table.width == pd.read_csv(table.train).cnt.std(ddof=0)
    assert names_in(tmp_path) == ["bike_sharing_hour"]


def test_a_known_class_is_one_though_it_has_many_numbers(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": range(260), "target": [n % 26 + 1 for n in range(260)]})
    for name in ("letter", "unknown"):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)

    tasks = [
        make_table(tmp_path, name, 0, tmp_path / "made").task for name in ("letter", "unknown")
    ]

    assert tasks == ["multiclass", "regression"]
