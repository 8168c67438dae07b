from __future__ import annotations

import pytest
from sklearn.datasets import load_diabetes

from examples.regression_grid import grid


@pytest.mark.slow
def test_each_cell_is_a_search_and_the_best_is_better_than_the_mean() -> None:
    x, y = load_diabetes(return_X_y=True, as_frame=True)
    found = grid([1, 8], n_folds=2, n_trials=2, max_epochs=15, folds=1, workers=1).fit(x, y)
    assert found.best_params_ == {"pca__n_components": 8}
    assert found.best_score_ > 0.2
    assert len(found.best_estimator_[-1].result_.trials) == 2
