"""What is done to tables on purpose: the damage is there, and the test rows stay the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import table_damage
from benchmarks.table_sources import SOURCES, Source, Tables, draw_rows, read_table

N_ROWS = 500
QUANTITY = Source("y", ("id",), order="a", is_quantity=True)
CLASSES = Source("label", ("id",), order="a")


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def table(generator: np.random.Generator) -> pd.DataFrame:
    a, b = generator.normal(size=(2, N_ROWS))
    label = np.where(a > 0, "yes", "no")
    return pd.DataFrame({"id": range(N_ROWS), "a": a, "b": b, "y": a + b, "label": label})


def _keys(frame: pd.DataFrame) -> set[float]:
    return set(frame["b"])


def test_study_and_test_rows_are_others(
    table: pd.DataFrame, generator: np.random.Generator
) -> None:
    tables = draw_rows(table, 200, generator)

    assert len(tables.study) == 200
    assert len(tables.test) == N_ROWS - 200
    assert not _keys(tables.study) & _keys(tables.test)


def test_small_tables_keep_test_rows(table: pd.DataFrame, generator: np.random.Generator) -> None:
    assert len(draw_rows(table, 10_000, generator).test) == 0.3 * N_ROWS


def test_words_for_nothing_are_words(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "t.csv").write_text("a,b\nNA,\nNone,?\n")

    table = read_table(tmp_path, "t")

    assert list(table["a"]) == ["NA", "None"]
    assert table["b"].isna().all()


def test_a_folder_without_the_table_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FileNotFoundError, match=r"no table t\.csv"):
        read_table(tmp_path, "t")


@pytest.mark.parametrize("source", [QUANTITY, CLASSES], ids=["quantity", "classes"])
def test_leaked_category_says_nearly_every_target(
    table: pd.DataFrame, generator: np.random.Generator, source: Source
) -> None:
    leaked, healthy = table_damage.leaked_category(table, source, 300, generator)

    common = leaked.study.groupby("note")[source.target].agg(lambda part: part.mode()[0])
    if source is CLASSES:
        share = (leaked.study["note"].map(common) == leaked.study["label"]).mean()
        assert 0.95 < share < 1
    assert leaked.study["note"].nunique() == (5 if source is QUANTITY else 2)
    assert healthy.test.equals(leaked.test.drop(columns="note"))


def test_leaked_sum_hides_in_no_single_column(
    table: pd.DataFrame, generator: np.random.Generator
) -> None:
    leaked, healthy = table_damage.leaked_sum(table, QUANTITY, 300, generator)

    both = leaked.study["first_part"] + leaked.study["second_part"]
    assert np.allclose(both, leaked.study["y"])
    assert abs(np.corrcoef(leaked.study["second_part"], leaked.study["y"])[0, 1]) < 0.6
    assert "first_part" not in healthy.study


def test_shifted_test_rows_lie_beyond_the_study(
    table: pd.DataFrame, generator: np.random.Generator
) -> None:
    shifted, alike = table_damage.shifted(table, QUANTITY, 200, generator)

    assert shifted.study["a"].max() < shifted.test["a"].min()
    assert alike.study["a"].max() > alike.test["a"].min()
    assert alike.test.equals(shifted.test)
    assert len(alike.study) == len(shifted.study) == 200
    assert not _keys(alike.study) & _keys(alike.test)


def test_only_validation_targets_are_shuffled(
    table: pd.DataFrame, generator: np.random.Generator
) -> None:
    shuffled, healthy = table_damage.shuffled_validation(table, QUANTITY, 300, generator)

    assert shuffled.valid is not None
    assert healthy.valid is not None
    assert shuffled.study.equals(healthy.study)
    assert not np.allclose(shuffled.valid["y"], shuffled.valid["a"] + shuffled.valid["b"])
    assert sorted(shuffled.valid["y"]) == sorted(healthy.valid["y"])


def test_validation_rows_repeat_train_rows(
    table: pd.DataFrame, generator: np.random.Generator
) -> None:
    repeated, healthy = table_damage.repeated_validation(table, QUANTITY, 300, generator)

    assert repeated.valid is not None
    assert healthy.valid is not None
    known = repeated.valid["b"].isin(_keys(repeated.study)).mean()
    assert known == pytest.approx(table_damage.REPEATED_SHARE, abs=0.02)
    assert not healthy.valid["b"].isin(_keys(healthy.study)).any()


@pytest.mark.parametrize(
    "damage",
    [
        table_damage.undamaged,
        table_damage.leaked_category,
        table_damage.shifted,
        table_damage.shuffled,
        table_damage.tiny_validation,
    ],
)
def test_columns_that_must_go_are_gone(
    table: pd.DataFrame, generator: np.random.Generator, damage: table_damage.Damage
) -> None:
    for tables in damage(table, QUANTITY, 200, generator):
        if isinstance(tables, Tables):
            assert "id" not in tables.study
            assert "id" not in tables.test


def test_bike_sharing_gets_its_leak_back(generator: np.random.Generator) -> None:
    columns = ["instant", "dteday", "casual", "registered", "cnt"]
    table = pd.DataFrame(generator.integers(0, 9, size=(40, 5)), columns=columns)

    leaked, healthy = table_damage.leaked_parts(table, SOURCES["bike_sharing_hour"], 20, generator)

    assert list(leaked.study) == ["casual", "registered", "cnt"]
    assert list(healthy.study) == ["cnt"]
