"""Labels go into a study and come back as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl.errors import DataError
from automl.estimators.class_labels import class_labels

ODD: dict[str, list[Any]] = {
    "texts": ["no", "yes"],
    "whole numbers": [-1, 3],
    "whole numbers as floats": [0.0, 1.0],
    "truth values": [False, True],
    "texts of numbers, sorted as texts": ["10", "9"],
    "texts that mean missing": ["NA", "none", "None"],
    "texts that differ in zeros": ["01", "1", "1.0"],
}
NOT_TOLD_APART: dict[str, list[Any]] = {
    "texts that differ in blanks": ["a", "a ", " a"],
    "an empty text": ["", "a"],
    "dates with midnight and without": ["2020-01-01", "2020-01-01 00:00:00"],
}


@pytest.mark.parametrize("classes", ODD.values(), ids=ODD.keys())
def test_a_study_is_given_labels_as_they_are(classes: list[Any]) -> None:
    y = np.asarray(classes * 4)
    found = class_labels(y)
    assert found.classes.tolist() == sorted(classes)
    assert found.values.tolist() == y.tolist()
    assert len(set(found.names)) == len(classes)


@pytest.mark.parametrize("classes", NOT_TOLD_APART.values(), ids=NOT_TOLD_APART.keys())
def test_labels_that_it_would_not_tell_apart_go_in_as_numbers(classes: list[Any]) -> None:
    y = np.asarray(classes * 4)
    found = class_labels(y)
    assert found.classes.tolist() == sorted(classes)
    assert found.classes[found.values.astype(int)].tolist() == y.tolist()
    assert found.names == tuple(map(str, range(len(classes))))


def test_the_order_of_a_study_is_found_in_that_of_numpy() -> None:
    found = class_labels(np.asarray(["10", "9", "9", "100"]))
    places = found.in_order_of(["9", "10", "100"])
    assert found.classes[places].tolist() == ["9", "10", "100"]


def test_what_is_no_label_is_refused() -> None:
    with pytest.raises(ValueError, match="continuous"):
        class_labels(np.linspace(0, 1, 9))
    with pytest.raises(DataError, match="labels must be of one type, but y holds int and str"):
        class_labels(np.asarray(["a", 1, "b"], dtype=object))
