"""A table of typed columns is read alike as CSV of several dialects, as Parquet and as a frame.

At search and at predict: the same kinds, the same numbers; and what a row is does not depend
on the other rows, on the order of columns, or on the container that it comes in.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.data.table.new_rows import read_rows

TRICKY = ["007", "012", "1.10", "1.9", "TRUE", "1E3", "9007199254740993", "NA", "None", "+5"]
TEXTS = st.text(
    alphabet=string.ascii_letters + string.digits + " .-+/%éß한", min_size=1, max_size=8
)
POOLS = st.lists(st.one_of(st.sampled_from(TRICKY), TEXTS), min_size=2, max_size=6, unique=True)

Column = Callable[[np.random.Generator, int], pd.Series]


def gaps(values: pd.Series, generator: np.random.Generator) -> pd.Series:
    return values.mask(generator.random(len(values)) < 0.15)


COLUMNS: Mapping[str, Column] = {
    "float": lambda g, n: gaps(pd.Series(g.normal(size=n)), g),
    "large": lambda g, n: pd.Series(g.normal(size=n) * 10.0 ** g.integers(-12, 12, n)),
    "half": lambda g, n: pd.Series(g.normal(size=n).astype(np.float16)),
    "count": lambda g, n: pd.Series(g.integers(0, 50, n)),
    "nullable": lambda g, n: gaps(pd.Series(g.integers(0, 9, n), dtype="Int64"), g),
    "flag": lambda g, n: pd.Series(g.random(n) < 0.5),
    "gappy flag": lambda g, n: gaps(pd.Series(g.random(n) < 0.5, dtype="boolean"), g),
    "bit": lambda g, n: pd.Series(g.integers(0, 2, n)),
    "day": lambda g, n: gaps(
        pd.Series(pd.Timestamp(2020, 1, 1) + pd.to_timedelta(g.integers(0, 900, n), "D")), g
    ),
    "moment": lambda g, n: pd.Series(
        pd.Timestamp(2020, 1, 1) + pd.to_timedelta(g.integers(0, 10**8, n), "s")
    ),
    "month": lambda g, n: pd.Series(
        pd.PeriodIndex.from_ordinals(g.integers(600, 700, n), freq="M")
    ),
    "time": lambda g, n: pd.Series(pd.to_timedelta(g.integers(0, 10**6, n), "s")),
}


def write(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """The same table in every container."""
    frame.to_csv(folder / "comma.csv", index=False)
    frame.to_csv(folder / "semicolon.csv", index=False, sep=";", decimal=",")
    frame.to_csv(folder / "tab.tsv", index=False, sep="\t", encoding="utf-16")
    frame.to_csv(folder / "packed.csv.gz", index=False, quoting=1)
    parquet = frame.assign(
        **{
            name: frame[name].dt.to_timestamp()
            for name in frame
            if str(frame[name].dtype) == "period[M]"
        }
    )
    parquet.to_parquet(folder / "table.parquet")
    files = ("comma.csv", "semicolon.csv", "tab.tsv", "packed.csv.gz", "table.parquet")
    return {"frame": frame, **{name: folder / name for name in files}}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows = draw(st.integers(30, 60))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=2, max_size=5, unique=True))
    columns = {name: COLUMNS[name](generator, n_rows) for name in names}
    pool = draw(POOLS)
    texts = pd.Series(generator.choice(np.asarray(pool, dtype=object), n_rows))
    columns["text"] = gaps(texts, generator)
    targets = (["yes", "no"], [0, 1], [0.5, 2.25, 7.0])
    target = generator.permutation(np.resize(np.asarray(draw(st.sampled_from(targets))), n_rows))
    return pd.DataFrame({**columns, "y": target})


def encoded(data: LoadedData, source: Any) -> np.ndarray:
    """Rows as the network takes them, in any container."""
    preprocessor = data.encoders[0]
    rows = preprocessor.encode_typed(read_rows(source, preprocessor.plans).rows)
    return np.hstack([rows.numeric, rows.quantile, rows.categories])


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(frame=tables())
def test_a_typed_table_is_read_alike_from_every_container(
    tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame
) -> None:
    check_containers(tmp_path_factory.mktemp("containers"), frame)


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(frame=tables())
def test_a_typed_table_is_read_alike_from_every_container_in_short(
    tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame
) -> None:
    check_containers(tmp_path_factory.mktemp("containers"), frame)


def check_containers(folder: Path, frame: pd.DataFrame) -> None:
    sources = write(frame, folder)
    loaded = {
        name: load_dataset(source, target="y", splits=SplitOptions(folds=1))
        for name, source in sources.items()
    }
    first = loaded["frame"]
    train = first.dataset.folds[0].train
    for name, data in loaded.items():
        assert data.columns == first.columns, name
        assert data.goal.class_names == first.goal.class_names, name
        other = data.dataset.folds[0].train
        assert other.inputs.numeric.equal(train.inputs.numeric), name
        assert other.inputs.categories.equal(train.inputs.categories), name
        assert other.targets.equal(train.targets), name
    expected = encoded(first, frame)
    for name, source in sources.items():
        np.testing.assert_array_equal(encoded(first, source), expected, err_msg=name)
    np.testing.assert_array_equal(encoded(first, frame[frame.columns[::-1]]), expected)
    for row in (0, len(frame) // 2):
        alone = frame.iloc[[row]]
        np.testing.assert_array_equal(encoded(first, alone)[0], expected[row])
        alone.to_csv(folder / "alone.csv", index=False)
        np.testing.assert_array_equal(encoded(first, folder / "alone.csv")[0], expected[row])
