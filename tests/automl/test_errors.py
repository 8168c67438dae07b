"""The error tree can be caught as a whole, and as builtins."""

from __future__ import annotations

import pytest

from automl import errors


@pytest.mark.parametrize("error", [errors.DataError, errors.ConfigError, errors.StudyError])
def test_wrong_values_are_value_errors(error: type[Exception]) -> None:
    assert issubclass(error, (errors.AutoMLError, ValueError))
    with pytest.raises(ValueError, match="why"):
        raise error("why")


def test_divergence_is_a_training_error() -> None:
    assert issubclass(errors.DivergedError, errors.TrainingError)
    assert issubclass(errors.TrainingError, RuntimeError)


def test_nearest_name_is_offered() -> None:
    assert errors.did_you_mean("titanic-survived", ["titanic-Survived", "iris-class"]) == (
        "; did you mean 'titanic-Survived'?"
    )
    assert errors.did_you_mean("x", ["titanic-Survived"]) == "."


def test_the_reason_of_another_librarys_error_is_one_line() -> None:
    assert errors.reason_of(ValueError("bad\nworse")) == "bad"
    assert errors.reason_of(KeyError()) == "KeyError"
    assert len(errors.reason_of(ValueError("x" * 999))) == 200
