from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data.table.column_inference import infer_columns
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import ColumnPlan
from automl.data.table.preprocessing import (
    MAX_ONE_HOT,
    Preprocessor,
    fit_preprocessor,
    rare_threshold,
)
from automl.errors import DataError
from storage.artifact_formats import pack_tensors, unpack_tensors

N = 200


@pytest.fixture
def frame() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    age = generator.normal(40, 10, N)
    age[::7] = np.nan
    frame = pd.DataFrame(
        {
            "age": age,
            "income": generator.lognormal(10, 1, N),
            "smoker": generator.choice(["yes", "no"], N),
            "colour": generator.choice(["red", "green", "blue"], N, p=[0.5, 0.3, 0.2]),
            "town": [f"town {i % 40}" for i in range(N)],
            "seen": pd.date_range("2020-01-01", periods=N).astype(str),
            "fixed": 1,
        }
    )
    frame.loc[0, "colour"] = "mauve"  # once: rare
    frame.loc[5, "colour"] = None
    frame.loc[6, "colour"] = None
    return frame


def fit(frame: pd.DataFrame) -> Preprocessor:
    plans = infer_columns(frame)
    return fit_preprocessor(plans, read_columns(frame, plans).typed)


def test_inputs_are_named_in_order(frame: pd.DataFrame) -> None:
    fitted = fit(frame)
    assert fitted.feature_names == (
        "age",
        "income",
        "seen: days",
        "seen: month",
        "seen: day",
        "seen: weekday",
        "smoker",
        "age is missing",
        "colour = (missing)",
        "colour = blue",
        "colour = green",
        "colour = red",
        "colour is rare",
    )
    encoded = fitted.encode(frame)
    assert encoded.numeric.shape == encoded.quantile.shape == (N, len(fitted.feature_names))
    assert encoded.numeric.dtype == np.float32
    assert encoded.categories.dtype == np.int64


def test_encoded_values_are_what_their_names_say(frame: pd.DataFrame) -> None:
    fitted = fit(frame)
    encoded = pd.DataFrame(fitted.encode(frame).numeric, columns=list(fitted.feature_names))
    assert (encoded["age is missing"] == frame["age"].isna()).all()
    assert (encoded["smoker"] == (frame["smoker"] == "yes")).all()
    assert (encoded["colour = red"] == (frame["colour"] == "red")).all()
    assert (encoded["colour = (missing)"] == frame["colour"].isna()).all()
    assert encoded["colour is rare"].tolist() == [1.0] + [0.0] * (N - 1)
    median = frame["age"].median()
    filled = frame["age"].fillna(median)
    expected = (filled - filled.mean()) / filled.std(ddof=0)
    np.testing.assert_allclose(encoded["age"], expected, atol=1e-5)


def test_columns_of_many_categories_become_codes(frame: pd.DataFrame) -> None:
    fitted = fit(frame)
    assert list(fitted.embedded) == ["town"]
    assert fitted.cardinalities == (41,)  # 40 towns, and 0 for the unknown
    codes = fitted.encode(frame).categories[:, 0]
    assert sorted(set(codes)) == list(range(1, 41))
    assert (codes[:40] == codes[40:80]).all()


@pytest.mark.parametrize(("n_categories", "is_embedded"), [(MAX_ONE_HOT, 0), (MAX_ONE_HOT + 1, 1)])
def test_the_threshold_between_one_hot_and_codes(n_categories: int, is_embedded: int) -> None:
    fitted = fit(pd.DataFrame({"c": [f"c{i % n_categories}" for i in range(N)]}))
    assert len(fitted.embedded) == is_embedded


def test_rare_categories_share_the_code_of_unknown_ones() -> None:
    common = [f"c{i % 30}" for i in range(N)]
    frame = pd.DataFrame({"c": [*common, "rare 1", "rare 2"]})
    fitted = fit(frame)
    codes = fitted.encode(frame).categories[:, 0]
    assert codes[-2:].tolist() == [0, 0]
    assert fitted.cardinalities == (31,)


def test_rare_is_half_a_percent_within_bounds() -> None:
    assert [rare_threshold(n) for n in (10, 1000, 2000, 100_000)] == [2, 5, 10, 20]


def test_the_categories_of_train_rows_are_known(frame: pd.DataFrame) -> None:
    known = fit(frame).known_categories
    assert known["colour"] == {"(missing)", "blue", "green", "mauve", "red"}
    assert len(known["town"]) == 40
    assert fit(frame[["age"]]).known_categories == {}


def test_unknown_categories_and_gaps_do_not_fail(frame: pd.DataFrame) -> None:
    fitted = fit(frame)
    new = frame.iloc[:3].assign(
        colour=["purple", None, "red"], town=["nowhere", None, "town 2"], smoker=["?", None, "yes"]
    )
    new["income"] = [np.nan, 1e12, -5]
    encoded = fitted.encode(new)
    assert np.isfinite(encoded.numeric).all()
    assert np.isfinite(encoded.quantile).all()
    assert encoded.categories[:2, 0].tolist() == [0, 0]
    rare = fitted.feature_names.index("colour is rare")
    assert encoded.numeric[0, rare] == 1


def test_numbers_that_become_infinite_are_refused(frame: pd.DataFrame) -> None:
    """A network makes NaN of them, without a word."""
    small = frame.assign(age=frame["age"] * 1e-20)
    fitted = fit(small)
    with pytest.raises(DataError, match=r"'age' is 1e\+30 in row 2; correct it"):
        fitted.encode(
            pd.concat([small.head(2), small.head(1).assign(age=1e30, index=2)]).set_axis([0, 1, 2])
        )


def test_columns_may_come_in_any_order_but_must_be_there(frame: pd.DataFrame) -> None:
    fitted = fit(frame)
    turned = fitted.encode(frame[frame.columns[::-1]].rename(columns={"age": " age "}))
    np.testing.assert_array_equal(turned.numeric, fitted.encode(frame).numeric)
    with pytest.raises(DataError, match="'age' is missing"):
        fitted.encode(frame.drop(columns="age"))


def test_nothing_is_learned_from_rows_that_are_not_for_training(frame: pd.DataFrame) -> None:
    plans = infer_columns(frame)
    typed = read_columns(frame, plans).typed
    spoilt = typed.copy()
    spoilt.loc[100:, "income"] = 1e9
    spoilt.loc[100:, "colour"] = "purple"
    first, second = (fit_preprocessor(plans, rows.iloc[:100]) for rows in (typed, spoilt))
    np.testing.assert_array_equal(first.encode(frame).numeric, second.encode(frame).numeric)
    assert first.feature_names == second.feature_names


def test_the_encoding_knows_which_columns_are_numeric(frame: pd.DataFrame) -> None:
    fitted = fit(frame)
    encoding, encoded = fitted.encoding, fitted.encode(frame)
    names = fitted.feature_names[: encoding.n_numbers]
    assert names == fitted.number_names and 0 < len(names) < len(fitted.feature_names)
    marks = encoded.numeric[:, encoding.n_numbers :]
    assert set(np.unique(marks)) <= {0.0, 1.0}
    for scaling, copy in (("standard", encoded.numeric), ("quantile", encoded.quantile)):
        bins = encoding.bins(scaling, 4)
        scaled = encoding.scalings[scaling].apply(torch.from_numpy(copy))
        low = scaled[:, : encoding.n_numbers].amin(dim=0)
        # Levels are float32, and normal deviates are steep at the ends of a distribution.
        tolerance = 2e-3 if scaling == "quantile" else 1e-5
        torch.testing.assert_close(bins.starts[:, 0], low, atol=tolerance, rtol=0)


def test_saved_and_loaded_it_encodes_the_same(frame: pd.DataFrame) -> None:
    """Through the file format that is used."""
    fitted = fit(frame)
    loaded = Preprocessor.from_state(*unpack_tensors(pack_tensors(*fitted.to_state())))
    before, after = fitted.encode(frame), loaded.encode(frame)
    np.testing.assert_array_equal(after.numeric, before.numeric)
    np.testing.assert_array_equal(after.quantile, before.quantile)
    np.testing.assert_array_equal(after.categories, before.categories)
    assert loaded.plans == fitted.plans
    assert loaded.feature_names == fitted.feature_names
    assert loaded.levels.numeric.equal(fitted.levels.numeric)
    assert loaded.levels.quantile.equal(fitted.levels.quantile)
    for name, scaling in fitted.scalings.items():
        assert loaded.scalings[name].shift.equal(scaling.shift)
        assert loaded.scalings[name].scale.equal(scaling.scale)
        assert loaded.scalings[name].limit == scaling.limit


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([f"c{i % 4}" for i in range(N)]),
        pd.Series([f"c{i % 40}" for i in range(N)]),
        pd.Series([True, False] * (N // 2)),
        pd.Series(np.arange(N) / 7),
    ],
)
def test_tables_of_one_kind_only_work(column: pd.Series) -> None:
    frame = pd.DataFrame({"c": column})
    fitted = fit(frame)
    encoded = fitted.encode(frame)
    assert encoded.numeric.shape == (N, len(fitted.feature_names))
    assert encoded.categories.shape == (N, len(fitted.cardinalities))


def test_large_numbers_keep_their_differences() -> None:
    """float32 alone has steps of 64 at a billion."""
    frame = pd.DataFrame({"t": 1e9 + np.random.default_rng(0).permutation(N) * 3.0 + 0.5})
    encoded = fit(frame).encode(frame)
    assert len(np.unique(encoded.numeric)) == N


def test_zeros_of_a_count_are_not_sent_to_the_far_end() -> None:
    values = np.where(np.arange(N) % 10 == 0, np.arange(N), 0.0)
    frame = pd.DataFrame({"count": values})
    encoded = fit_preprocessor([ColumnPlan("count", "numeric")], frame).encode(frame)
    assert abs(encoded.quantile[values == 0]).max() < 0.5
