from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl.data.fingerprints import fingerprint
from automl.data.sources import read_table


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "y": [0.5, np.nan, 2.0]})


def test_numbers_are_the_same_as_texts_and_in_every_dtype(frame: pd.DataFrame) -> None:
    others = [
        frame.assign(a=["1", "2", "3"], y=["0.5", None, "2.0"]),
        frame.astype({"a": "int8", "y": "Float64"}),
        frame.astype({"b": "category"}),
    ]
    assert {fingerprint(each) for each in others} == {fingerprint(frame)}


def test_a_table_has_one_from_every_kind_of_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "t.parquet")
    sources = [frame, *(tmp_path / f"t.{kind}" for kind in ("csv", "csv.gz", "tsv", "parquet"))]
    assert len({fingerprint(read_table(source).frame) for source in sources}) == 1


def test_fingerprint_sees_cells_names_order_and_parts(frame: pd.DataFrame) -> None:
    changed = [
        frame.assign(a=[1, 2, 4]),
        frame.assign(b=["x", None, "Z"]),
        frame.rename(columns={"a": "A"}),
        frame.iloc[::-1],
        frame.iloc[:2],
    ]
    prints = {fingerprint(each) for each in [frame, *changed]}
    prints |= {fingerprint(frame, None), fingerprint(frame, frame), fingerprint(None, frame)}
    assert len(prints) == 9


def test_fingerprint_is_the_same_in_another_process() -> None:
    """A hash that Python salts would make every study look like it had other data."""
    code = (
        "import pandas as pd; from automl.data.fingerprints import fingerprint;"
        "print(fingerprint(pd.DataFrame({'a': [1.0, None], 'b': ['x', None]})))"
    )
    here = fingerprint(pd.DataFrame({"a": [1.0, None], "b": ["x", None]}))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here
