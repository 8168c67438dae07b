from __future__ import annotations

from search_spaces.errors import SearchSpaceError, listed, nearest


def test_the_error_is_a_value_error_that_knows_its_place() -> None:
    error = SearchSpaceError("wrong", parameter="dropout", key="low")
    assert isinstance(error, ValueError)
    assert (str(error), error.parameter, error.key) == ("wrong", "dropout", "low")


def test_the_nearest_word_is_suggested_whatever_its_case() -> None:
    assert nearest("Adam", ["sgd", "adam"]) == " Did you mean 'adam'?"


def test_nothing_is_suggested_for_a_word_unlike_all() -> None:
    assert nearest("zzz", ["sgd", "adam"]) == ""


def test_words_are_listed_with_commas() -> None:
    assert listed(["a", 1]) == "a, 1"
