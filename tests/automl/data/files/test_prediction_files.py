"""Tables of predictions: named so that nothing is lost, written piece by piece in each format."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from automl.data.files.prediction_files import (
    ENDINGS,
    PREDICTIONS,
    names_beside,
    prediction_names,
    writing_predictions,
)
from automl.errors import DataError, OutputError
from automl.system.output_files import check_output

NAMES = ("kind", "probability of lily", "probability of rose")
Columns = Mapping[str, NDArray[Any]]


def columns(n_rows: int = 7) -> Columns:
    share = np.random.default_rng(0).uniform(size=n_rows)
    kind = np.where(share > 0.5, "lily", "rose").astype(object)
    return dict(zip(NAMES, (kind, share, 1 - share), strict=True))


def content(name: str, *pieces: Columns) -> bytes:
    file = io.BytesIO()
    with writing_predictions(file, name) as writer:
        for piece in pieces:
            writer.write(piece)
    return file.getvalue()


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_gives_the_same_table_in_pieces_and_at_once(
    ending: str, tmp_path: Path
) -> None:
    path, whole = tmp_path / f"p{ending}", columns()
    parts = [{name: values[ends] for name, values in whole.items()} for ends in
             (slice(0, 3), slice(3, 4), slice(4, 7))]  # fmt: skip
    path.write_bytes(content(path.name, *parts))
    written = read(path)
    assert tuple(written) == NAMES
    for name, values in whole.items():
        close = values.tolist() if name == "kind" else pytest.approx(values, rel=1e-12)
        assert written[name].tolist() == close
    if ending != ".parquet":  # whose row groups are the pieces
        assert path.read_bytes() == content(path.name, whole)


def test_text_is_written_plainly() -> None:
    table = {"y": np.array([1, 0]), "p": np.array([0.7, 0.2])}
    assert content("p.csv", table) == b"y,p\n1,0.7\n0,0.2\n"
    names = {"é, 한\n": np.array(["a\udcff"], dtype=object)}
    assert content("p.tsv", names).decode() == '"é, 한\n"\na\\udcff\n'


@pytest.mark.parametrize("name", ["p.db", "p.xlsx", "p", "p.gz", "-", "/dev/stdout"])
def test_other_endings_are_refused_with_those_that_can_be_written(name: str) -> None:
    with pytest.raises(OutputError, match=r"ends in \.csv, .*, \.tsv\.gz or \.parquet, but got"):
        check_output(name, PREDICTIONS)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_there_stays_unless_a_person_says_otherwise(ending: str, tmp_path: Path) -> None:
    """True values can look like predicted ones to the last digit."""
    path = tmp_path / f"p{ending}"
    check_output(path, PREDICTIONS)
    path.touch()
    check_output(path, PREDICTIONS)
    path.write_bytes(content(path.name, columns()))
    with pytest.raises(OutputError, match=r"replaced only with --force, but .* exists"):
        check_output(path, PREDICTIONS)
    check_output(path, PREDICTIONS, force=True)
    with pytest.raises(OutputError, match="is the table to predict"):
        check_output(path, PREDICTIONS, {str(path): "the table to predict"}, force=True)
    path.write_bytes(b"SQLite format 3\0and more")
    with pytest.raises(OutputError, match="a database is never replaced"):
        check_output(path, PREDICTIONS, force=True)


@pytest.mark.parametrize(
    ("target", "classes", "names"),
    [
        ("y", [0, 1], ["y", "probability of 0", "probability of 1"]),
        (
            "probability of 1",
            [0, 1],
            ["probability of 1", "probability of 0", "probability of 1 (2)"],
        ),
        ("y", [1, "1", True], ["y", "probability of 1", "probability of 1 (2)"]),
        (
            "probability of a",
            ["a", "a (2)"],
            ["probability of a", "probability of a (2)", "probability of a (2) (2)"],
        ),
        ("price", [], ["price"]),
    ],
)
def test_no_name_is_taken_twice(target: str, classes: list[Any], names: list[str]) -> None:
    found = prediction_names(target, classes)
    assert list(found)[: len(names)] == names
    assert len(set(found)) == len(classes) + 1


def test_predicted_names_give_way_to_those_that_are_kept() -> None:
    assert names_beside(["id"], ["y", "probability of 1"]) == ("y", "probability of 1")
    kept = ["y", "y (predicted)", "probability of 1"]
    assert names_beside(kept, ["y", "probability of 1"]) == (
        "y (predicted) (2)",
        "probability of 1 (predicted)",
    )


def test_a_column_of_several_types_is_refused_by_parquet_and_written_as_text() -> None:
    pieces = [np.array([True, False]), pd.Series(["yes", "no"], dtype=object)]
    with (
        pytest.raises(DataError, match=r"one type, .*; write a file that ends in \.csv$"),
        writing_predictions(io.BytesIO(), "p.parquet") as writer,
    ):
        for piece in pieces:
            writer.write({"flag": piece})
    file = io.BytesIO()
    with writing_predictions(file, "p.csv") as writer:
        for piece in pieces:
            writer.write({"flag": piece})
    assert file.getvalue() == b"flag\nTrue\nFalse\nyes\nno\n"


def test_names_survive_the_way_through_a_file(tmp_path: Path) -> None:
    names = prediction_names("a,b", ['say "x"', "line\nbreak", "é"])
    table = {name: np.array([0.5]) for name in names}
    (tmp_path / "p.csv").write_bytes(content("p.csv", table))
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == list(names)
