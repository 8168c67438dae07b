"""A study's network as people use it: tables go in, values of the target's own column come out.

Around the `TrainedModel`, which speaks class codes, this reads rows from wherever they are and
answers in what the person's column holds: 0 and 1 where it holds numbers, texts where texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.data.new_rows import read_rows
from automl.errors import ConfigError
from automl.training.trained_model import TrainedModel


@dataclass(frozen=True, slots=True, repr=False)
class Predictor:
    """The network of a trial, or those of its folds together, with the preprocessing."""

    model: TrainedModel
    target: str
    classes_: NDArray[Any]  # as in scikit-learn: the order of the probabilities; () if none

    def predict(self, data: Any) -> NDArray[Any]:
        """Predict the target, in the values or the unit of its own column.

        Args:
            data: a DataFrame, a path, "sklearn:NAME", or an array; the target may be among
                the columns, and is not looked at.

        Raises:
            DataError: a column is missing or of another kind, or there are no rows.

        Shape:
            result: (N,).
        """
        predicted = self._predict(data)
        if self.model.task == "regression":
            return predicted
        values: NDArray[Any] = self.classes_[predicted.argmax(axis=1)]
        return values

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Predict the probabilities of the classes, in the order of `classes_`.

        Raises:
            ConfigError: the study is a regression.
            DataError: as for `predict`.

        Shape:
            result: (N, C).
        """
        if self.model.task == "regression":
            raise ConfigError(
                f"probabilities are of classes, but {self.target!r} is a quantity; use predict"
            )
        return self._predict(data)

    def predict_columns(self, data: Any) -> Mapping[str, NDArray[Any]]:
        """The target, and the probability of each class, as the columns of a table.

        Shape:
            values: each (N,).
        """
        predicted = self._predict(data)
        if self.model.task == "regression":
            return {self.target: predicted}
        probabilities = {
            f"probability of {value}": predicted[:, code]
            for code, value in enumerate(self.classes_)
        }
        return {self.target: self.classes_[predicted.argmax(axis=1)], **probabilities}

    def _predict(self, data: Any) -> NDArray[np.float64]:
        rows = read_rows(data, self.model.networks[0].preprocessor.plans)
        predict = (
            self.model.predict if self.model.task == "regression" else self.model.predict_proba
        )
        return predict(rows)

    def __repr__(self) -> str:
        networks = len(self.model.networks)
        classes = "" if self.model.task == "regression" else f", classes_={self.classes_.tolist()}"
        return f"Predictor(target={self.target!r}, networks={networks}{classes})"
