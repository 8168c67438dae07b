from __future__ import annotations

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from automl.data.table.number_encoding import FARTHEST, MOST_QUANTILE_ROWS, NumberEncoding


def numbers(n_rows: int) -> np.ndarray:
    """Columns of every kind, one after the other: (D, N)."""
    generator = np.random.default_rng(n_rows)
    with_gaps = generator.normal(40, 10, n_rows)
    with_gaps[::7] = np.nan
    columns = [
        *(with_gaps, generator.lognormal(10, 2, n_rows), generator.poisson(0.2, n_rows)),
        *(1e9 + generator.permutation(n_rows) * 3.0, generator.normal(0, 1e-7, n_rows)),
        *(np.full(n_rows, 3.7), np.full(n_rows, np.nan)),
    ]
    return np.array(columns, dtype=np.float64)


@pytest.mark.parametrize("n_rows", [1, 2, 15, 301, MOST_QUANTILE_ROWS + 500])
def test_numbers_are_those_of_scikit_learn_to_the_last_bit(n_rows: int) -> None:
    columns, later = numbers(n_rows), numbers(77)
    fitted = NumberEncoding.fit(columns)
    scaler = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    standardized = scaler.fit_transform(np.asfortranarray(columns.T))
    noise = np.random.default_rng(0).normal(0.0, 1e-5, size=standardized.shape)
    quantiles = QuantileTransformer(
        n_quantiles=min(n_rows, max(10, min(n_rows // 30, 1000))),
        output_distribution="normal",
        random_state=0,
    )
    quantiles.fit(standardized + noise)
    for rows in (columns, later):
        expected = scaler.transform(rows.T)
        ours = fitted.standardized(rows)
        np.testing.assert_array_equal(ours.T, expected)
        np.testing.assert_array_equal(fitted.normal(ours).T, quantiles.transform(expected))


def test_numbers_beyond_those_of_training_end_where_the_distribution_does() -> None:
    fitted = NumberEncoding.fit(np.arange(100.0)[None])
    (far,) = fitted.normal(fitted.standardized(np.array([[-1e6, 1e6]])))
    np.testing.assert_allclose(far, [-FARTHEST, FARTHEST])
    assert 5.1 < FARTHEST < 5.3


def test_columns_that_do_not_exist_are_fine() -> None:
    fitted = NumberEncoding.fit(np.empty((0, 20)))
    assert fitted.normal(fitted.standardized(np.empty((0, 3)))).shape == (0, 3)


def test_levels_are_quantiles_of_the_standardized_train_rows() -> None:
    columns = numbers(3001)
    fitted = NumberEncoding.fit(columns)
    standardized = fitted.standardized(columns)
    np.testing.assert_allclose(fitted.levels[0], standardized.min(axis=1), rtol=1e-6)
    np.testing.assert_allclose(fitted.levels[-1], standardized.max(axis=1), rtol=1e-6)
    wanted = np.quantile(standardized, np.arange(13) / 12, axis=1)  # 12 divides 960
    np.testing.assert_allclose(fitted.levels[::80], wanted, rtol=1e-5, atol=1e-6)
    many = fitted.levels[:, 2]  # counts, of which most are 0
    zero = np.float32(fitted.standardized(np.zeros((7, 1)))[2, 0])
    assert (many == zero).mean() == pytest.approx((columns[2] == 0).mean(), abs=0.01)


def test_what_an_earlier_version_stored_has_no_levels() -> None:
    fitted = NumberEncoding.fit(numbers(50))
    arrays = fitted.to_arrays()
    again = NumberEncoding.from_arrays(arrays)
    assert np.array_equal(again.levels, fitted.levels) and again.levels.dtype == np.float32
    del arrays["levels"]
    assert NumberEncoding.from_arrays(arrays).levels.shape == (0, 7)
