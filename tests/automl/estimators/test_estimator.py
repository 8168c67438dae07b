"""The estimators in scikit-learn's tools, and as people use them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars
import pytest
from optuna.trial import TrialState
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, get_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import automl
from automl.errors import ConfigError, DataError, StudyError
from automl.estimators.held_result import HeldResult

QUICK: dict[str, Any] = {
    "n_trials": 2,
    "max_epochs": 6,
    "folds": 1,
    "workers": 1,
    "references": False,
}


def table(n_rows: int = 120) -> tuple[pd.DataFrame, pd.Series[Any]]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(n_rows, 2))
    colours = generator.choice(["red", "green", "blue"], n_rows)
    labels = pd.Series(np.where(x[:, 0] + x[:, 1] > 0, "yes", "no"), name="answer")
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "colour": colours}), labels


@pytest.fixture(scope="module")
def fitted() -> automl.AutoMLClassifier:
    return automl.AutoMLClassifier(**QUICK).fit(*table())


def test_it_predicts_labels_and_probabilities(fitted: automl.AutoMLClassifier) -> None:
    x, y = table()
    assert fitted.score(x, y) > 0.85
    probabilities = fitted.predict_proba(x)
    assert probabilities.shape == (len(x), 2)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (fitted.classes_[probabilities.argmax(axis=1)] == fitted.predict(x)).all()
    assert set(fitted.predict(x)) == {"no", "yes"}


def test_it_has_what_a_search_has_found(fitted: automl.AutoMLClassifier, tmp_path: Path) -> None:
    assert fitted.feature_names_in_.tolist() == ["a", "b", "colour"]
    assert fitted.n_features_in_ == 3
    assert fitted.best_params_ == dict(fitted.result_.best.params)
    assert fitted.diagnoses_ == fitted.result_.diagnoses
    assert fitted.result_.evaluation is not None
    page = fitted.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "data-answer" in page and "/automl-" not in page, "its database is gone"


def test_its_study_is_one_of_optuna(fitted: automl.AutoMLClassifier) -> None:
    study = fitted.study_
    assert [trial.number for trial in study.trials] == [0, 1]
    assert study.best_value == fitted.result_.best.value
    assert study.best_params.keys() <= fitted.best_params_.keys()
    assert all(
        trial.intermediate_values for trial in study.get_trials(states=[TrialState.COMPLETE])
    )


def test_nothing_stays_of_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    x, y = table(60)
    classifier = automl.AutoMLClassifier(**QUICK).fit(x, y)
    assert list(tmp_path.iterdir()) == []
    assert isinstance(classifier.result_, HeldResult)
    assert len(classifier.predict(x)) == 60
    assert capfd.readouterr() == ("", ""), "an estimator is silent"


def test_a_study_stays_where_storage_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    x, y = table(60)
    automl.AutoMLClassifier(**QUICK, storage=url).fit(x, y)
    kept = automl.AutoMLClassifier(**QUICK, storage=url).fit(x, y)
    assert automl.study_names(url) == ["data-answer", "data-answer-2"]
    stored = automl.load_study("data-answer-2", url)
    assert (stored.best_model().double().predict(x) == kept.predict(x)).all()


def test_a_named_study_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    x, y = table(60)
    first = automl.AutoMLClassifier(**QUICK, storage=url, study="mine").fit(x, y)
    more = clone(first).set_params(n_trials=3).fit(x, y)
    assert [len(one.result_.trials) for one in (first, more)] == [2, 3]
    assert more.study_.trials[:2] == first.study_.trials
    with pytest.raises(StudyError, match="the data are others"):
        clone(first).fit(x[:50], y[:50])


def test_it_survives_pickling_into_another_process(
    fitted: automl.AutoMLClassifier, tmp_path: Path
) -> None:
    x, _ = table()
    joblib.dump((fitted, x), tmp_path / "fitted.joblib")
    code = (
        "import joblib, sys; fitted, x = joblib.load('fitted.joblib');"
        "print(*fitted.predict(x)); print(fitted.report()); print(fitted.study_.best_trial.number)"
    )
    root = str(Path(automl.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    labels, report, number = done.stdout.splitlines()
    assert labels.split() == fitted.predict(x).tolist()
    assert report == "report.html" and (tmp_path / report).exists()
    assert number == str(fitted.study_.best_trial.number)


def test_frames_of_polars_are_predicted_as_those_of_pandas(fitted: Any) -> None:
    x, y = table()
    other = clone(fitted).fit(polars.from_pandas(x), polars.from_pandas(y))
    assert (other.predict_proba(polars.from_pandas(x)) == fitted.predict_proba(x)).all()


@pytest.mark.parametrize("labels", [["10", "9"], [True, False], [7, -2], ["a ", "a"], [2.0, 1.0]])
def test_labels_of_any_type_come_back(labels: list[Any]) -> None:
    x, y = table(60)
    own = np.asarray(labels)[(y == "yes").to_numpy().astype(int)]
    found = automl.AutoMLClassifier(**QUICK).fit(x, own)
    assert found.classes_.tolist() == sorted(labels)
    assert found.predict(x).dtype == own.dtype
    assert found.score(x, own) > 0.8
    likely = found.classes_[found.predict_proba(x).argmax(axis=1)]
    assert (likely == found.predict(x)).all(), "columns are in the order of classes_"
    held = found.result_.best_model()
    assert (held.predict(x) == found.predict(x)).all(), "one fit has one answer"


def test_a_threshold_decides_for_the_same_labels() -> None:
    """Of rare classes one is found, in the study's order, which is not that of classes_."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(300, 2))
    y = np.where(x[:, 0] + generator.normal(size=300) > 1.6, "10", "9")
    found = automl.AutoMLClassifier(**QUICK, metric="balanced_accuracy").fit(x, y)
    assert found.model_.classes_.tolist() == ["9", "10"]
    threshold = found.model_.threshold
    assert threshold is not None
    assert ((found.predict_proba(x)[:, 0] > threshold) == (found.predict(x) == "10")).all()


def test_quantities_are_predicted_in_their_unit() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(150, 3))
    y = 100 + 10 * x[:, 0]
    found = automl.AutoMLRegressor(**{**QUICK, "max_epochs": 30}, metric="rmse").fit(x, y)
    assert found.score(x, y) > 0.8
    assert abs(found.predict(x).mean() - 100) < 3
    assert not hasattr(found, "predict_proba") and not hasattr(found, "classes_")


def test_groups_are_kept_together_and_need_not_be_predicted_by() -> None:
    x, y = table()
    groups = np.repeat(np.arange(12), 10)
    found = automl.AutoMLClassifier(**QUICK).fit(x, y, groups=groups)
    settings = found.result_.records.settings
    assert settings.split["group"] == "groups"
    assert settings.columns["groups"] == "dropped: group"
    assert len(found.predict(x)) == len(x)


def test_it_is_the_end_of_a_pipeline() -> None:
    """Behind an encoder whose output is sparse."""
    x, y = table()
    columns = make_column_transformer(
        (OneHotEncoder(), ["colour"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b"]),
        sparse_threshold=1.0,
    )
    pipeline = make_pipeline(columns, automl.AutoMLClassifier(**QUICK)).fit(x, y)
    assert pipeline.score(x, y) > 0.85
    assert pipeline[-1].n_features_in_ == 5


def test_it_is_cross_validated_and_grid_searched() -> None:
    x, y = table(90)
    classifier = automl.AutoMLClassifier(**QUICK)
    scores = cross_val_score(classifier, x, y, cv=2, scoring="roc_auc")
    assert scores.shape == (2,) and scores.mean() > 0.8
    by_group = GroupKFold(2)
    assert len(cross_val_score(classifier, x, y, cv=by_group, groups=np.arange(90) % 4)) == 2
    grid = GridSearchCV(classifier, {"max_epochs": [1, 6]}, cv=2).fit(x, y)
    assert grid.best_params_ == {"max_epochs": 6}
    assert grid.best_estimator_.max_epochs == 6


@pytest.mark.slow
def test_it_is_cross_validated_in_processes() -> None:
    x, y = table(90)
    alone = cross_val_score(automl.AutoMLClassifier(**QUICK), x, y, cv=2)
    beside = cross_val_score(automl.AutoMLClassifier(**QUICK), x, y, cv=2, n_jobs=2)
    assert (alone == beside).all()


def test_a_fit_is_repeated_and_a_random_one_is_not() -> None:
    x, y = table(60)
    first = automl.AutoMLClassifier(**QUICK).fit(x, y)
    again = clone(first).fit(x, y)
    assert (again.predict_proba(x) == first.predict_proba(x)).all()
    other = clone(first).set_params(random_state=np.random.RandomState(5)).fit(x, y)
    assert (other.predict_proba(x) != first.predict_proba(x)).any()


def test_a_fit_that_fails_leaves_nothing_of_the_one_before(fitted: Any) -> None:
    x, y = table()
    again = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(DataError, match="single one of 'maybe'"):
        again.fit(x[["a", "b"]], [*y[:-1], "maybe"])
    with pytest.raises(NotFittedError):
        again.predict(x)
    left = {name for name in vars(again) if name.endswith("_")}
    assert left <= {"n_features_in_", "feature_names_in_"}, "of the new X, as scikit-learn has it"


def test_nothing_is_looked_at_before_fit() -> None:
    classifier = automl.AutoMLClassifier(n_trials="many", space="none.toml")
    assert classifier.get_params()["n_trials"] == "many"
    with pytest.raises(ConfigError, match="n_trials must be a whole number from 1"):
        classifier.fit(*table())
    with pytest.raises(NotFittedError):
        classifier.predict(table()[0])
    with pytest.raises(NotFittedError):
        classifier.report()
    with pytest.raises(ConfigError, match="did you mean 'max_epochs'"):
        automl.AutoMLClassifier(max_epoch=3)  # type: ignore[call-arg]


def test_other_columns_are_refused_in_the_words_of_scikit_learn(fitted: Any) -> None:
    x, _ = table()
    with pytest.raises(ValueError, match="same order as they were in fit"):
        fitted.predict(x[["b", "a", "colour"]])
    with (
        pytest.warns(UserWarning, match="X does not have valid feature names"),
        pytest.raises(ValueError, match="X has 2 features, but AutoMLClassifier is expecting 3"),
    ):
        fitted.predict(x[["a", "b"]].to_numpy())
    with pytest.raises(DataError, match="a: 120 of 120 cells are no numbers"):
        fitted.predict(x.assign(a="text"))


def test_what_no_search_takes_is_told_in_one_line() -> None:
    x, y = table(60)
    with pytest.raises(DataError, match="single one of 'maybe'"):
        automl.AutoMLClassifier(**QUICK).fit(x, [*y[:-1], "maybe"])
    with pytest.raises(DataError, match="must vary"):
        automl.AutoMLRegressor(**QUICK).fit(x, np.ones(60))
    with pytest.raises(ConfigError, match="metric"):
        automl.AutoMLRegressor(**QUICK, metric="f1").fit(x, np.arange(60))


def test_networks_of_ones_own_are_predicted_with_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "def build(params, dataset):\n"
        "    return nn.Linear(dataset.n_features, dataset.n_outputs)\n"
    )
    x, y = table(60)
    own = {**QUICK, "model": f"{tmp_path}/mine.py:build", "space": "own"}
    found = automl.AutoMLClassifier(**own).fit(x[["a", "b"]], y)
    (tmp_path / "fitted").write_bytes(pickle.dumps((found, x[["a", "b"]])))
    code = "import pickle; found, x = pickle.load(open('fitted', 'rb')); print(*found.predict(x))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(automl.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == found.predict(x[["a", "b"]]).tolist()


def test_rows_weigh_what_fit_is_told() -> None:
    """Of two labels for the same rows the heavier is learned; a label of weight 0 is unknown."""
    x, _ = table(200)
    twice = pd.concat([x, x], ignore_index=True)
    labels, weights = np.repeat(["light", "heavy"], 200), np.repeat([0.2, 5.0], 200)
    fitted = automl.AutoMLClassifier(**QUICK).fit(twice, labels, sample_weight=weights)
    assert (fitted.predict(x) == "heavy").all()
    assert fitted.score(twice, labels, sample_weight=weights) > 0.9
    assert fitted.score(twice, labels) == 0.5
    labels[:100], weights[:100] = "none", 0.0
    without = automl.AutoMLClassifier(**QUICK).fit(twice, labels, sample_weight=weights)
    assert without.classes_.tolist() == ["heavy", "light"]
    assert without.predict_proba(x).shape == (200, 2)
    with pytest.raises(DataError, match="of two classes or more, but all are of class 'heavy'"):
        automl.AutoMLClassifier(**QUICK).fit(
            twice, labels, sample_weight=(labels == "heavy").astype(float)
        )


def test_rows_of_weight_0_are_as_if_they_were_not_there() -> None:
    x, y = table()
    kept = np.arange(len(x)) % 5 != 2
    fitted = automl.AutoMLClassifier(**QUICK).fit(x, y, sample_weight=3.0 * kept)
    without = automl.AutoMLClassifier(**QUICK).fit(x[kept], y[kept])
    assert (fitted.predict_proba(x) == without.predict_proba(x)).all()


def test_a_score_is_the_accuracy_whatever_the_metric_is() -> None:
    x, y = table()
    classifier = automl.AutoMLClassifier(**QUICK, metric="roc_auc").fit(x, y)
    assert classifier.score(x, y) == accuracy_score(y, classifier.predict(x))
    in_second = classifier.predict_proba(x)[:, 1]
    assert get_scorer("roc_auc")(classifier, x, y) == roc_auc_score(y, in_second)
    for estimator in (automl.AutoMLClassifier, automl.AutoMLRegressor):
        assert "whatever `metric` chose" in str(estimator.__doc__)
