from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl.data.sources import SKLEARN_NAMES, read_table, require_column
from automl.errors import DataError


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "y": [0.5, np.nan, 2.0]})


def test_a_table_is_the_same_from_every_kind_of_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "t.parquet")
    tables = [read_table(tmp_path / f"t.{kind}") for kind in ("csv", "csv.gz", "tsv", "parquet")]
    tables.append(read_table(frame))
    assert [table.name for table in tables] == ["t", "t", "t", "t", "data"]
    rows = [
        [["" if pd.isna(cell) else str(cell) for cell in row] for row in table.frame.to_numpy()]
        for table in tables
    ]
    assert all(each == rows[0] for each in rows)
    assert all(table.messages == () for table in tables)


@pytest.mark.parametrize("name", SKLEARN_NAMES)
def test_data_sets_of_scikit_learn_bring_their_target(name: str) -> None:
    table = read_table(f"sklearn:{name}")
    assert table.name == name
    assert table.target in table.frame.columns
    assert len(table.frame) >= 20


def test_classes_of_scikit_learn_have_their_names() -> None:
    assert set(read_table("sklearn:load_iris").frame["target"]) == {
        "setosa",
        "versicolor",
        "virginica",
    }


def test_linnerud_says_which_target_it_takes() -> None:
    assert read_table("sklearn:linnerud").messages == (
        "linnerud has three targets: Weight is used",
    )


def test_arrays_may_be_flattened_named_and_bring_test_rows(tmp_path: Path) -> None:
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    np.savez(
        tmp_path / "images.npz",
        x_train=images,
        y_train=[0, 1],
        x_test=images[:1],
        y_test=[1],
        class_names=["cat", "dog"],
    )
    table = read_table(str(tmp_path / "images.npz"))
    assert table.frame.shape == (2, 13)
    assert table.frame["y"].tolist() == ["cat", "dog"]
    assert table.test_frame is not None
    assert table.test_frame["y"].tolist() == ["dog"]
    assert table.messages == ("x is flattened from 3 x 4 to 12 columns",)


def test_a_pair_of_arrays_is_a_table() -> None:
    table = read_table((np.zeros((4, 2)), np.array([[0], [1], [0], [1]])))
    assert list(table.frame.columns) == ["x1", "x2", "y"]
    assert table.target == "y"


def test_the_frame_given_stays_as_it_is() -> None:
    given = pd.DataFrame({" a ": [1, 2], ("b", "c"): [3, 4]}, index=[7, 9])
    table = read_table(given)
    assert list(table.frame.columns) == ["a", "b c"]
    assert list(table.frame.index) == [1, 2]
    assert list(given.columns) == [" a ", ("b", "c")]
    assert list(given.index) == [7, 9]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no/such.csv", "there is no"),
        ("sklearn:iriss", "did you mean sklearn:iris"),
        ("sklearn:mnist", "choose one of them"),
        (42, "but got int"),
        (pd.DataFrame({"a": []}), "must have rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a "]), "'a' more than once"),
        (pd.DataFrame({"a": [[1], [2]], "y": [0, 1]}), "nested"),
        ({"x": np.zeros((3, 2))}, "must have the keys x and y"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(4)}, "one value per row"),
        ({"x": np.zeros((3, 2)), "y": [0, 1, 2], "class_names": ["a", "b"]}, "2 names"),
    ],
)
def test_bad_sources_get_one_line(source: object, message: str) -> None:
    with pytest.raises(DataError) as raised:
        read_table(source)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["t.npz", "t.parquet"])
def test_damaged_binary_files_are_data_errors(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(DataError, match="must be"):
        read_table(tmp_path / name)


def test_what_a_file_begins_with_says_more_than_its_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "y": ["u", "v"]})
    frame.to_parquet(tmp_path / "a.csv")
    frame.to_json(tmp_path / "b.txt", orient="records", lines=True)
    frame.to_json(tmp_path / "c.json", orient="records")
    header = "@relation r\n@attribute a real\n@attribute y {u,v}\n@data\n"
    (tmp_path / "d.data").write_text(header + "1,u\n2,v\n")
    for name in ("a.csv", "b.txt", "c.json", "d.data"):
        table = read_table(tmp_path / name)
        assert table.name == name[0]
        assert table.frame["a"].tolist() == [1, 2]
        assert table.frame["y"].tolist() == ["u", "v"]


def test_tables_of_other_libraries_come_by_arrow() -> None:
    table = read_table(pa.table({"a": [1, 2], "y": ["u", "v"]}))
    assert table.frame["y"].tolist() == ["u", "v"]
    assert list(table.frame.index) == [1, 2]


def test_a_frame_and_its_target_apart_keep_their_names() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["u", "v"]})
    table = read_table((frame, pd.Series([0, 1], name="bought")))
    assert list(table.frame.columns) == ["a", "b", "bought"]
    assert table.target == "bought"


def test_a_name_that_is_no_utf_8_can_be_stored(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    try:
        path.write_bytes(b"a,b\n1,2\n")
    except OSError:
        pytest.skip("the file system takes names of UTF-8 only")
    table = read_table(path)
    assert table.name == r"caf\udce9"
    assert table.source.encode().endswith(rb"caf\udce9.csv")


def test_npz_of_objects_is_refused(tmp_path: Path) -> None:
    """Reading it would run whatever its author pickled."""
    np.savez(tmp_path / "t.npz", x=np.array([{}], dtype=object), y=[1])
    with pytest.raises(DataError, match="plain arrays"):
        read_table(tmp_path / "t.npz")


def test_folder_is_no_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("names", "column", "hint"),
    [
        (["Age", "Survived"], "survived", "did you mean 'Survived'"),
        (["Age", "Survived"], "zzz", "columns are Age, Survived"),
        ([f"c{i}" for i in range(20)], "zzz", "and 10 more"),
        (["6", "148", "72"], "outcome", "does the file have a header"),
    ],
)
def test_unknown_column_gets_a_hint(names: list[str], column: str, hint: str) -> None:
    with pytest.raises(DataError) as raised:
        require_column(pd.DataFrame([range(len(names))], columns=names), column, "--target")
    assert hint in str(raised.value)
    assert str(raised.value).startswith("--target must name a column")
