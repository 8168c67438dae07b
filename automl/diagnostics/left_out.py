"""Texts that were left out of a table, said where little was found in the columns that are left.

A network on a table knows texts as categories; those of several words that nearly all differ are
none. Where the rest tells nothing of the target, they are the first thing to look at.
"""

from __future__ import annotations

from automl.wording.counts import agree, listing
from automl.wording.data_notes import FREE_TEXT
from storage.records import Advice, StudySettings

MOST_NAMED = 5
"""Columns in a sentence."""


def texts_words(settings: StudySettings) -> str:
    """A sentence, after a space, on columns of texts that the network has not seen; or ""."""
    names = _texts(settings)
    if not names:
        return ""
    return f" The {_texts_in(names)} {agree(len(names), 'was', 'were')} left out."


def texts_advice(settings: StudySettings) -> tuple[Advice, ...]:
    """How to make inputs of them; () where there are none."""
    names = _texts(settings)
    if not names:
        return ()
    estimator = "AutoMLRegressor" if settings.task == "regression" else "AutoMLClassifier"
    return (
        Advice(
            f"Make numbers of the {_texts_in(names)}: for example by scikit-learn's "
            f"`TfidfVectorizer` in a `ColumnTransformer` before `{estimator}` (docs/data.md)."
        ),
    )


def _texts(settings: StudySettings) -> list[str]:
    return [name for name, kind in settings.columns.items() if kind == f"dropped: {FREE_TEXT}"]


def _texts_in(names: list[str]) -> str:
    n_more = len(names) - MOST_NAMED
    shown = [*names[:MOST_NAMED], f"{n_more} more"] if n_more > 0 else names
    return f"{agree(len(names), 'text', 'texts')} in {listing(shown)}"
