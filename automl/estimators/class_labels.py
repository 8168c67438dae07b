"""The labels of classes on their way into a study and back.

A study names its classes by texts, as it would read them from a file, in an order of its own;
scikit-learn has `classes_`: the labels as they are, sorted by NumPy. Labels that the study would
not tell apart, "a" and "a ", 0.5 and "0.5", go in as their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from automl.data.targets import learn_target
from automl.errors import DataError
from automl.wording.counts import listing


@dataclass(frozen=True, slots=True, eq=False)
class ClassLabels:
    """The classes of y, and what a study calls them.

    Shape:
        classes: (C,), sorted; values: (N,), what the study is given; names: C.
    """

    classes: NDArray[np.generic]
    values: NDArray[np.generic]
    names: tuple[str, ...]

    def in_order_of(self, names: Sequence[str]) -> NDArray[np.intp]:
        """Which of the classes each of a study's is: `classes[...]` are its, in its own order.

        Shape:
            result: (C,), a permutation.
        """
        places = {name: place for place, name in enumerate(self.names)}
        return np.asarray([places[name] for name in names], dtype=np.intp)


def class_labels(y: NDArray[np.generic]) -> ClassLabels:
    """Learn the classes of y.

    Raises:
        ValueError: y holds a quantity.
        DataError: labels are of types that have no common order.

    Shape:
        y: (N,).
    """
    try:
        classes, codes = np.unique(y, return_inverse=True)
    except TypeError:
        kinds = listing(sorted({type(label).__name__ for label in y}))
        raise DataError(
            f"labels must be of one type, but y holds {kinds}; make all of them texts"
        ) from None
    check_classification_targets(y)
    reading = learn_target("y", pd.Series(y), keep_missing_class=True)
    column = pd.Series(classes)
    names = tuple(reading.labels(column))
    if reading.missing(column).any() or len(set(names)) < len(classes):
        return ClassLabels(classes, codes, tuple(map(str, range(len(classes)))))
    return ClassLabels(classes, y, names)
