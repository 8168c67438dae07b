"""The references in words, the same in the terminal, in diagnoses and in the report."""

from __future__ import annotations

from collections.abc import Mapping

from storage.score_records import ReferenceName

REFERENCE_NAMES: Mapping[ReferenceName, str] = {
    "guessing": "guessing",
    "linear_model": "linear model",
    "boosted_trees": "boosted trees",
}
"""As heads of columns, the weakest first."""


GUESSES: Mapping[str, str] = {
    "cross_entropy": "guessing by class frequency",
    "binary_cross_entropy": "guessing by class frequency",
    "mean_squared": "predicting the mean",
    "mean_absolute": "predicting the median",
    "huber": "predicting one number",  # the mean or the median, whichever is better
}
"""What is lowest in a loss without looking at the inputs."""


def reference_words(name: ReferenceName, loss: str) -> str:
    """A reference within a sentence: "the linear model", "predicting the mean"."""
    if name == "guessing":
        return GUESSES[loss]
    return "the linear model" if name == "linear_model" else "boosted trees"


def is_plural(*names: ReferenceName) -> bool:
    """Whether the verb is in the plural: "boosted trees do", "the linear model does"."""
    return len(names) > 1 or "boosted_trees" in names
