"""A search of its own in each cell of a grid: how many components should come before it?

    python examples/regression_grid.py

`AutoMLRegressor` chooses what belongs to the network. What comes before it in a pipeline is chosen
as ever, by `GridSearchCV`: each number of components is searched anew in each fold.
"""

from __future__ import annotations

from typing import Any

from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import automl


def grid(components: list[int], n_folds: int = 3, **options: Any) -> Any:
    """The grid, its searches with the options given."""
    regressor = automl.AutoMLRegressor(random_state=0, references=False, **options)
    pipeline = make_pipeline(StandardScaler(), PCA(), regressor)
    return GridSearchCV(pipeline, {"pca__n_components": components}, cv=n_folds)


def main() -> None:
    """Choose the number of components, and score the best pipeline on rows put aside."""
    train, test, train_y, test_y = train_test_split(
        *load_diabetes(return_X_y=True, as_frame=True), random_state=0
    )
    components = [2, 5, 10]
    found = grid(components, n_trials=6, max_epochs=20, folds=1).fit(train, train_y)
    for n, score in zip(components, found.cv_results_["mean_test_score"], strict=True):
        print(f"{n:>2} components: R2 {score:.2f} in cross-validation")
    print(f"R2 {found.score(test, test_y):.2f} on rows put aside")
    print(found.best_estimator_[-1].best_params_)


if __name__ == "__main__":
    main()
