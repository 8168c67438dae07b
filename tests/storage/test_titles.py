"""Each verdict has one name, wherever it is shown."""

from __future__ import annotations

from storage.records import Diagnosis
from storage.titles import title, title_of, titled, untitled


def test_good_is_not_said_of_what_is_not() -> None:
    assert title_of("good_fit", "good") == "Good fit"
    assert title_of("good_fit", "info") == "As good as its references"
    assert title_of("good_fit", "info", is_compared=False) == "No bias or variance seen"


def test_names_are_the_words_of_the_kind_or_better_ones() -> None:
    assert title_of("high_bias", "warning") == "High bias"
    assert title_of("over_regularized", "warning") == "Over-regularized"
    assert title_of("behind_reference", "info", "boosted trees") == "Behind boosted trees"


def test_the_title_of_a_diagnosis_is_by_its_evidence() -> None:
    alone, tied = ({}, "No bias or variance seen"), ({"compared_with": ["x"]}, "As good as its")
    for evidence, name in (alone, tied):
        assert title(Diagnosis("good_fit", "info", "", evidence)).startswith(name)
    behind = Diagnosis("behind_reference", "info", "", {"leader": "boosted trees"})
    assert title(behind) == "Behind boosted trees"


def test_a_title_can_be_taken_off_again() -> None:
    assert titled("High bias", "so it is") == "High bias: so it is"
    assert untitled("High bias", "High bias: so it is") == "so it is"
    assert untitled("High bias", "so it is") == "so it is"
