"""References are called the same everywhere."""

from __future__ import annotations

from typing import get_args

from automl.training.losses import LOSSES
from automl.wording.references import GUESSES, REFERENCE_NAMES, is_plural, reference_words
from storage.score_records import ReferenceName


def test_every_reference_has_a_name() -> None:
    assert set(REFERENCE_NAMES) == set(get_args(ReferenceName))


def test_guessing_is_said_as_what_it_does() -> None:
    assert reference_words("guessing", "mean_squared") == "predicting the mean"
    assert reference_words("guessing", "mean_absolute") == "predicting the median"
    assert reference_words("guessing", "cross_entropy") == "guessing by class frequency"
    assert reference_words("linear_model", "cross_entropy") == "the linear model"


def test_every_loss_has_its_guess() -> None:
    assert set(GUESSES) == set(LOSSES)


def test_only_the_trees_are_many() -> None:
    assert [name for name in REFERENCE_NAMES if is_plural(name)] == ["boosted_trees"]
