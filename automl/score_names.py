"""Scores as people know and read them, the same in the terminal and in the report."""

from __future__ import annotations

NAMES = {
    "roc_auc": "ROC AUC",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}
"""Those that are no words of their own."""

HIGHER_IS_BETTER = frozenset({"accuracy", "balanced_accuracy", "roc_auc", "r2"})
"""Of all others, the lower value is the better one."""

WITH_A_UNIT = frozenset({"loss", "rmse", "mae"})


def score_name(metric: str) -> str:
    """The name of a score: "RMSE", "balanced accuracy"."""
    return NAMES.get(metric, metric.replace("_", " "))


def readable(metric: str, value: float) -> float:
    """The value without what rounding errors left: the R² of a mean is 0, not -3.5e-06.

    Scores without a unit lie around 1, so that a fifth decimal says nothing.
    """
    return value if metric in WITH_A_UNIT else round(value, 5) + 0.0
