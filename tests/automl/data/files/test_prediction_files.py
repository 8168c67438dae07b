"""Tables of predictions: named so that nothing is lost, told from a person's own tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from automl.data.files.prediction_files import (
    ENDINGS,
    prediction_names,
    predictions_content,
    predictions_kind,
)
from automl.errors import OutputError
from automl.system.output_files import check_output, write_output

NAMES = ("kind", "probability of lily", "probability of rose")


def columns(n_rows: int = 7) -> Mapping[str, NDArray[Any]]:
    share = np.random.default_rng(0).uniform(size=n_rows)
    kind = np.where(share > 0.5, "lily", "rose").astype(object)
    return dict(zip(NAMES, (kind, share, 1 - share), strict=True))


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_gives_the_same_table_and_can_be_written_again(
    ending: str, tmp_path: Path
) -> None:
    path, kind = tmp_path / f"p{ending}", predictions_kind(NAMES)
    for n_rows in (7, 5, 0):
        write_output(path, predictions_content(columns(n_rows), path.name), kind)
        written = read(path)
        assert tuple(written) == NAMES
        for name, values in columns(n_rows).items():
            close = values.tolist() if name == "kind" else pytest.approx(values, rel=1e-12)
            assert written[name].tolist() == close


def test_text_is_written_plainly() -> None:
    content = predictions_content({"y": np.array([1, 0]), "p": np.array([0.7, 0.2])}, "p.csv")
    assert content == b"y,p\n1,0.7\n0,0.2\n"
    names = {"é, 한\n": np.array(["a\udcff"], dtype=object)}
    assert predictions_content(names, "p.tsv").decode() == '"é, 한\n"\na\\udcff\n'


@pytest.mark.parametrize("name", ["p.db", "p.xlsx", "p", "p.gz", "-", "/dev/stdout"])
def test_other_endings_are_refused_with_those_that_can_be_written(name: str) -> None:
    with pytest.raises(OutputError, match=r"ends in \.csv, .*, \.tsv\.gz or \.parquet, but got"):
        check_output(name, predictions_kind(NAMES))


@pytest.mark.parametrize(
    "text",
    [
        "kind,length\nlily,1\n",
        "kind\nlily\n",
        "kind,probability of lily,probability of rose,note\nlily,1,0,mine\n",
        "kind;probability of lily;probability of rose\n",
        '"kind',
        "kind,probability of lily,probability of rose".replace(",", "\t"),
        "\0\0\0",
    ],
)
def test_a_persons_own_table_stays(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(OutputError, match="something else"):
        check_output(path, predictions_kind(NAMES))


@pytest.mark.parametrize("ending", [".csv.gz", ".parquet"])
def test_files_that_only_end_like_one_stay(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"p{ending}"
    path.write_text(",".join(NAMES))
    with pytest.raises(OutputError, match="something else"):
        check_output(path, predictions_kind(NAMES))


def test_a_persons_own_parquet_file_stays(tmp_path: Path) -> None:
    pd.DataFrame(dict(columns())).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(OutputError, match="something else"):
        check_output(tmp_path / "p.parquet", predictions_kind(NAMES))


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz"])
def test_no_text_file_of_one_column_is_replaced(ending: str, tmp_path: Path) -> None:
    """True values can look like predicted ones to the last digit."""
    path, kind = tmp_path / f"y_test{ending}", predictions_kind(["price"])
    path.touch()
    own = predictions_content({"price": np.array([199.123456789012345, 7])}, path.name)
    write_output(path, own, kind)
    with pytest.raises(OutputError, match="look like a table of true values, so that none is"):
        write_output(path, predictions_content({"price": np.array([1.5])}, path.name), kind)
    assert path.read_bytes() == own


@pytest.mark.parametrize("names", [("price",), NAMES])
def test_parquet_files_that_people_made_of_predictions_stay(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    """Pandas carries the attributes of a table over to what is made of it."""
    path, kind = tmp_path / "p.parquet", predictions_kind(names)
    content = predictions_content({name: np.array([0.5, 0.25]) for name in names}, path.name)
    write_output(path, content, kind)
    write_output(path, content, kind)
    written = pd.read_parquet(path)
    for derived in (
        written.assign(note="mine"),
        written.assign(**{names[-1]: [1.0, 2.0]}),
        written.rename(columns={names[0]: "other"}),
        written.iloc[:1],
    ):
        assert derived.attrs == written.attrs
        derived.to_parquet(path, index=False)
        before = path.read_bytes()
        with pytest.raises(OutputError):
            write_output(path, content, kind)
        assert path.read_bytes() == before


def test_files_that_are_damaged_or_none_are_refused_in_one_line(tmp_path: Path) -> None:
    kind = predictions_kind(NAMES)
    parquet, packed = (predictions_content(columns(), f"p{end}") for end in ENDINGS[-1:-3:-1])
    (tmp_path / "half.parquet").write_bytes(parquet[: len(parquet) // 2])
    (tmp_path / "torn.parquet").write_bytes(parquet[:99] + parquet[150:])
    (tmp_path / "half.tsv.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "torn.tsv.gz").write_bytes(packed[:20] + packed[40:])
    (tmp_path / "utf16.csv").write_text(",".join(NAMES), encoding="utf-16")
    for ending in ENDINGS:
        (tmp_path / f"folder{ending}").mkdir()
    for path in list(tmp_path.iterdir()):
        with pytest.raises(OutputError, match=r"something else|is a folder"):
            check_output(path, kind)


def test_names_that_no_file_can_hold_are_known_again(tmp_path: Path) -> None:
    names = ("a\udcff", "probability of \udcfe")
    for ending in ENDINGS:
        path = tmp_path / f"p{ending}"
        for _ in range(2):
            content = predictions_content({name: np.array([0.5]) for name in names}, path.name)
            write_output(path, content, predictions_kind(names))


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


def test_names_survive_the_way_through_a_file(tmp_path: Path) -> None:
    names = prediction_names("a,b", ['say "x"', "line\nbreak", "é"])
    kind = predictions_kind(names)
    table = {name: np.array([0.5]) for name in names}
    for _ in range(2):
        write_output(tmp_path / "p.csv", predictions_content(table, "p.csv"), kind)
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == list(names)
