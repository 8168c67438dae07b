"""The area under the ROC curve: of all rows exactly, of resamples of many rows to first order."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from automl.training.rankings import MANY_ROWS, ManyRowsRanking, Ranking, ranking_of


def drawn_rows(
    n_rows: int, share: float, seed: int, n_values: int = 1000
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Predictions with ties that rank rows of a class above others more often than not."""
    generator = np.random.default_rng(seed)
    positive = generator.random(n_rows) < share
    values = np.round(generator.normal(size=n_rows) + positive, 3)
    return np.round(values * n_values) / n_values, positive


def draws(n_rows: int, n_resamples: int, seed: int) -> NDArray[np.int32]:
    generator = np.random.default_rng(seed)
    rows = generator.integers(0, n_rows, size=(n_resamples, n_rows))
    return np.asarray([np.bincount(each, minlength=n_rows) for each in rows], dtype=np.int32)


@pytest.mark.parametrize("kind", [Ranking, ManyRowsRanking])
@pytest.mark.parametrize("n_values", [3, 1000])
def test_the_area_of_all_rows_is_exact(
    kind: type[Ranking] | type[ManyRowsRanking], n_values: int
) -> None:
    values, positive = drawn_rows(500, 0.3, seed=1, n_values=n_values)
    ones = np.ones((1, 500), dtype=np.int32)
    area = kind(values, positive).areas(ones, ones.astype(np.float64))
    assert area[0] == pytest.approx(reference.roc_auc_score(positive, values), rel=1e-12)


def test_a_resample_of_few_rows_is_exact() -> None:
    values, positive = drawn_rows(80, 0.4, seed=2, n_values=4)
    counts = draws(80, 20, seed=3)
    for count, area in zip(counts, Ranking(values, positive).areas(counts), strict=True):
        rows = np.repeat(np.arange(80), count)
        assert area == pytest.approx(reference.roc_auc_score(positive[rows], values[rows]))


@pytest.mark.parametrize("share", [0.5, 100 / MANY_ROWS])
def test_a_resample_of_many_rows_is_off_by_little_of_its_deviation(share: float) -> None:
    values, positive = drawn_rows(MANY_ROWS, share, seed=4)
    counts = draws(MANY_ROWS, 200, seed=5)
    exact = Ranking(values, positive).areas(counts)
    rough = ManyRowsRanking(values, positive).areas(counts, counts.astype(np.float64))
    assert np.abs(rough - exact).std() < 0.04 * exact.std()
    assert abs((rough - exact).mean()) < 0.04 * exact.std()
    assert rough.std() == pytest.approx(exact.std(), rel=0.01)


def test_no_area_of_a_resample_is_beyond_1() -> None:
    values, positive = drawn_rows(MANY_ROWS, 0.5, seed=7)
    values = values + 4 * positive  # hardly ever in the wrong order
    counts = draws(MANY_ROWS, 500, seed=8)
    ranking = ManyRowsRanking(values, positive)
    areas = ranking.areas(counts, counts.astype(np.float64))
    assert ranking.area < 1.0 == areas.max()


def test_what_lacks_a_class_has_no_area() -> None:
    values, positive = np.array([0.1, 0.2, 0.3]), np.array([False, False, True])
    counts = np.array([[2, 1, 0], [0, 0, 3], [1, 1, 1]], dtype=np.int32)
    for ranking in (Ranking(values, positive), ManyRowsRanking(values, positive)):
        areas = ranking.areas(counts, counts.astype(np.float64))
        assert np.isnan(areas).tolist() == [True, True, False]
        assert areas[2] == 1.0


def test_the_way_depends_on_the_number_of_rows() -> None:
    for n_rows, kind in ((MANY_ROWS - 1, Ranking), (MANY_ROWS, ManyRowsRanking)):
        assert isinstance(ranking_of(*drawn_rows(n_rows, 0.5, seed=6)), kind)
