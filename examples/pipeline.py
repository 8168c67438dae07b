"""A search at the end of a scikit-learn pipeline: cross-validated, calibrated, explained.

    python examples/pipeline.py

The estimator takes columns as they are; the pipeline adds one that it cannot know of: how wide a
petal is for its length. Each fold of the cross-validation searches anew, on its own rows alone.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import automl


def with_proportions(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns, and what a petal's width is of its length."""
    return frame.assign(proportion=frame["petal width (cm)"] / frame["petal length (cm)"])


def flowers() -> tuple[pd.DataFrame, pd.Series]:
    """Measures of 150 flowers, and the names of their species."""
    bunch = load_iris(as_frame=True)
    species = bunch.target.map(dict(enumerate(bunch.target_names.tolist())))
    return bunch.data, species.rename("species")


def searched(**options: Any) -> Any:
    """The pipeline, its search with the options given."""
    return make_pipeline(
        FunctionTransformer(with_proportions), automl.AutoMLClassifier(random_state=0, **options)
    )


def main() -> None:
    """Cross-validate the pipeline, then fit it, calibrate it and ask what it goes by."""
    x, y = flowers()
    quick = {"n_trials": 12, "max_epochs": 20, "references": False}
    scores = cross_val_score(searched(**quick), x, y, cv=3)
    print(f"accuracy {scores.mean():.3f} in three folds, each with a search of its own")

    train, rest, train_y, rest_y = train_test_split(x, y, random_state=0, stratify=y)
    pipeline = searched(**quick).fit(train, train_y)
    classifier = pipeline[-1]
    print(f"best trial: {classifier.best_params_}")
    print(classifier.diagnoses_[0].message)
    print(classifier.report("report.html"))

    calibrated = CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(rest, rest_y)
    print("calibrated:", calibrated.predict_proba(rest[:1]).round(3))
    found = permutation_importance(pipeline, rest, rest_y, random_state=0)
    print(pd.Series(found.importances_mean, index=x.columns).round(3).to_string())


if __name__ == "__main__":
    main()
