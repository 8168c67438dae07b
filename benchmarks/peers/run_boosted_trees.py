"""scikit-learn's boosted trees with sensible settings: what many would fit to a table first.

    python run_boosted_trees.py TRAIN TEST TARGET TASK SECONDS OUT

They grow until a tenth of the train rows has not got better for 20 rounds, at most 2,000. Texts
are categories.
"""

from __future__ import annotations

import sys

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

MOST_CATEGORIES = 255
SETTINGS = {
    "learning_rate": 0.05,
    "max_iter": 2000,
    "early_stopping": True,
    "validation_fraction": 0.1,
    "n_iter_no_change": 20,
    "categorical_features": "from_dtype",
    "random_state": 0,
}


def columns(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both with texts as the categories of the train rows; the rarest beyond 255 are none."""
    for name in train.columns:
        if train[name].dtype.kind in "fiub":
            continue
        words = texts(train[name]).value_counts().index[:MOST_CATEGORIES]
        kind = pd.CategoricalDtype(words)
        train[name] = texts(train[name]).astype(kind)
        test[name] = texts(test[name]).astype(kind)
    return train, test


def texts(column: pd.Series) -> pd.Series:
    """Plain texts, and NaN where a cell is empty: scikit-learn refuses pandas' own NA."""
    return column.astype(object).map(str, na_action="ignore")


def main(train_path: str, test_path: str, target: str, task: str, seconds: str, out: str) -> None:
    train, test = pd.read_csv(train_path), pd.read_csv(test_path)
    y = train.pop(target)
    train, test = columns(train, test)
    if task == "regression":
        model = HistGradientBoostingRegressor(**SETTINGS).fit(train, y)
        told = pd.DataFrame({"prediction": model.predict(test)})
    else:
        rare = y.map(y.value_counts()) < 2  # early stopping divides every class
        model = HistGradientBoostingClassifier(**SETTINGS).fit(train[~rare], y[~rare])
        told = pd.DataFrame(model.predict_proba(test), columns=model.classes_)
    told.to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
