"""`AutoMLClassifier` and `AutoMLRegressor`: a search that is fitted like any estimator.

`fit` searches, and holds the answer in memory: what predicts needs no database, and survives
pickling into another process. Everything else of a search is there too: `result_` with its report
and scores, `diagnoses_`, the study. Both pass all of scikit-learn's own checks of estimators.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from automl.api import search
from automl.errors import DataError
from automl.estimators.class_labels import ClassLabels, class_labels
from automl.estimators.held_result import HeldResult, study_in_memory
from automl.estimators.parameters import (
    ClassifierParameters,
    EstimatorParameters,
    RegressorParameters,
)
from automl.estimators.rows import (
    SearchTable,
    feature_frame,
    fitted_rows,
    search_table,
    target_column,
)
from automl.models.own.builders import remember_for
from automl.options.option import check_names, options_of
from automl.options.signatures import of_estimator
from automl.training.trained_model import TrainedModel


class SearchEstimator(BaseEstimator):  # type: ignore[misc]  # it has no types
    """What both estimators share. Parameters and attributes are described with them."""

    _record: ClassVar[type[EstimatorParameters]]

    def _store(self, parameters: dict[str, Any]) -> None:
        """Store the parameters as they are given; `fit` looks at them."""
        check_names(parameters, self._record)
        for name, one in options_of(self._record).items():
            setattr(self, name, parameters.get(name, one.default))

    def report(self, path: str | Path = "report.html") -> Path:
        """Write the report of the search, one HTML file that works offline.

        Raises:
            NotFittedError: there was no search yet.
            OutputError: it cannot be written there.
        """
        check_is_fitted(self)
        return self.result_.report(path)

    def __sklearn_tags__(self) -> Any:
        """What rows may hold, for scikit-learn: numbers, texts, gaps; sparse ones are filled."""
        tags = super().__sklearn_tags__()
        inputs = tags.input_tags
        inputs.allow_nan = inputs.string = inputs.sparse = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is an answer: a search that failed leaves none."""
        return hasattr(self, "model_")

    def _begin(self, x: Any) -> tuple[EstimatorParameters, pd.DataFrame]:
        """The parameters, made plain, and the frame of X; what an earlier fit has left is gone."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        parameters = self._record(**self.get_params(deep=False))
        return parameters, feature_frame(self, x, is_new=True)

    def _search(
        self,
        parameters: EstimatorParameters,
        table: SearchTable,
        labels: ClassLabels | None = None,
        **fixed: Any,
    ) -> None:
        """Search, and hold what is found; `model_` comes last: with it the estimator is fitted.

        Args:
            labels: that the model predicts, of classes; else it has those of the study.
            fixed: options that say what is predicted.
        """
        with tempfile.TemporaryDirectory(prefix="automl-", ignore_cleanup_errors=True) as folder:
            options = {**parameters.search_options(folder), **fixed}
            found = search(
                table.frame,
                target=table.target,
                group=table.group,
                weight=table.weight,
                **options,
            )
            model = found.best_model().double()
            if labels is not None:
                model = _with_labels(model, labels, found.records.settings.class_names)
            self.study_ = study_in_memory(found)
            is_kept = parameters.storage is not None
            self.result_ = found if is_kept else HeldResult.of(found, model)
        self.best_params_ = dict(found.best.params)
        self.diagnoses_ = found.diagnoses
        self._columns = table.features
        if labels is not None:
            self.classes_ = labels.classes
        self.model_ = model

    def _rows(self, x: Any) -> pd.DataFrame:
        """Rows to predict, with the names that the columns had in `fit`."""
        check_is_fitted(self)
        if self.model is not None:  # in another process it was not handed over yet
            remember_for(self.model, self.result_.records.settings)
        frame = feature_frame(self, x, is_new=False)
        return frame.set_axis(self._columns, axis="columns")


def _with_labels(model: TrainedModel, labels: ClassLabels, names: Sequence[str]) -> TrainedModel:
    """A model that predicts labels of y.

    Args:
        names: of the classes in the study, in whose order the model has them.
    """
    return replace(model, classes_=labels.classes[labels.in_order_of(names)])


class AutoMLClassifier(ClassifierMixin, SearchEstimator):  # type: ignore[misc]
    """A classifier whose networks are searched.

    The parameters are options of `automl.search`, with the same names, defaults and rules, but for
    `random_state`, its `seed`, and `storage`: by default nothing stays of the study but what the
    fitted estimator holds. As in any search a fifth of the rows is put aside and scores the answer
    at the end (`result_.evaluation`), and another fifth, or each fold in turn, chooses it.

    `score` is the accuracy, as of every classifier of scikit-learn, whatever `metric` chose the
    answer by. By another one `cross_val_score(..., scoring="roc_auc")` scores, or
    `sklearn.metrics.get_scorer("roc_auc")(classifier, X, y)`.

    Where `fit` is given `sample_weight` a row's loss and error are its weight times the plain
    ones, in training as in every score; `class_weights` multiplies on top, in training only. A
    row of weight 0 is left out, as if it were not there. A row of weight 2 is not the same as two
    rows: rows are divided at random, and one that is repeated may train, validate and test at
    once. So two of scikit-learn's checks are not passed, whose data moreover leave nine rows of a
    weight above 0: `check_sample_weight_equivalence_on_dense_data` and
    `check_sample_weight_equivalence_on_sparse_data`.

    Attributes:
        classes_: the labels, sorted; the order of probabilities, (C,).
        model_: the answer, a `TrainedModel`: one network, or several together, in float64, so that
            a row's predictions do not hang on the rows beside it.
        best_params_: hyperparameters of the best trial.
        result_: the `SearchResult`, with scores, figures and records.
        diagnoses_: the verdict, then all else that was noticed.
        study_: a copy of the study for Optuna, an `optuna.Study` in memory.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X has names that are all texts, (D,).

    Example:
        >>> import automl
        >>> from sklearn.datasets import load_iris
        >>> x, y = load_iris(return_X_y=True)
        >>> classifier = automl.AutoMLClassifier(n_trials=30)
        >>> classifier.fit(x, y).score(x, y)  # doctest: +SKIP
        0.98
    """

    _record = ClassifierParameters

    @of_estimator(ClassifierParameters)
    def __init__(self, **parameters: Any) -> None:
        """Store the parameters."""
        self._store(parameters)

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Search networks for these rows.

        Args:
            X: a DataFrame of pandas or polars, an array, a list of rows, or a sparse matrix, which
                is filled; of numbers, texts, dates, with gaps.
            y: the labels: texts, whole numbers, truth values.
            groups: rows of one group are never divided between train, validation and test.
            sample_weight: what rows weigh, from 0 on, in any unit; None: all the same.

        Raises:
            DataError, ConfigError, StudyError: in one line, with the rule, the value and the fix.
            ValueError: X, y, groups and sample_weight do not fit together.

        Shape:
            X: (N, D), N at least 10; y, groups, sample_weight: (N,).
        """
        parameters, frame = self._begin(X)
        rows = fitted_rows(frame, target_column(y, is_class=True), groups, sample_weight)
        labels = class_labels(rows.values)
        if sample_weight is not None and len(labels.classes) < 2:
            raise DataError(
                "rows of a weight above 0 must be of two classes or more, but all are of class "
                f"{str(labels.classes[0])!r}; give other weights"
            )
        task = "binary" if len(labels.classes) <= 2 else "multiclass"
        table = search_table(replace(rows, values=labels.values), y)
        self._search(parameters, table, labels, task=task, keep_missing_class=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict labels.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: X has other columns than in `fit`.
            DataError: a column is of another kind than in `fit`.

        Shape:
            X: (N, D); result: (N,).
        """
        rows = self._rows(X)
        return self.model_.predict(rows)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the probabilities of the classes, in the order of `classes_`.

        Raises:
            NotFittedError, ValueError, DataError: as for `predict`.

        Shape:
            X: (N, D); result: (N, C).
        """
        rows = self._rows(X)
        probabilities = self.model_.predict_proba(rows)
        return probabilities[:, np.argsort(self.model_.classes_)]


class AutoMLRegressor(RegressorMixin, SearchEstimator):  # type: ignore[misc]
    """A regressor whose networks are searched.

    Parameters, attributes and what becomes of the rows are as of `AutoMLClassifier`, without
    `classes_`; `loss` takes the place of `class_weights`. `score` is R², as of every regressor of
    scikit-learn, whatever `metric` chose the answer by; `scoring="neg_mean_absolute_error"` and
    the like score by another one.

    Example:
        >>> import automl
        >>> from sklearn.datasets import load_diabetes
        >>> x, y = load_diabetes(return_X_y=True)
        >>> regressor = automl.AutoMLRegressor(n_trials=30, metric="rmse")
        >>> regressor.fit(x, y).score(x, y)  # doctest: +SKIP
        0.53
    """

    _record = RegressorParameters

    @of_estimator(RegressorParameters)
    def __init__(self, **parameters: Any) -> None:
        """Store the parameters."""
        self._store(parameters)

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Search networks for these rows; as `AutoMLClassifier.fit`.

        Args:
            y: the quantity to predict.

        Raises:
            DataError, ConfigError, StudyError: in one line, with the rule, the value and the fix.
            ValueError: X, y, groups and sample_weight do not fit together.

        Shape:
            X: (N, D), N at least 10; y, groups, sample_weight: (N,).
        """
        parameters, frame = self._begin(X)
        rows = fitted_rows(frame, target_column(y, is_class=False), groups, sample_weight)
        self._search(parameters, search_table(rows, y), task="regression")
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict the quantity, in the unit of y.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: X has other columns than in `fit`.
            DataError: a column is of another kind than in `fit`.

        Shape:
            X: (N, D); result: (N,).
        """
        rows = self._rows(X)
        return self.model_.predict(rows)
