"""scikit-learn's own checks of estimators: all of them slowly, a few of each kind at once."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import automl

BUDGET: dict[str, Any] = {
    "n_trials": 2,
    "max_epochs": 12,
    "folds": 1,
    "workers": 1,
    "references": False,
    "answer": "single",
}
ESTIMATORS = [automl.AutoMLClassifier(**BUDGET), automl.AutoMLRegressor(**BUDGET)]


REPEATED = (
    "nine of its rows weigh more than 0, and a search divides ten or more; of more rows one of "
    "weight 2 lies in one split, but two equal ones may lie in two"
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": REPEATED,
    "check_sample_weight_equivalence_on_sparse_data": REPEATED,
}


@pytest.mark.slow
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_it_is_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
@pytest.mark.parametrize(
    "name",
    [
        "check_estimator_cloneable",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_get_params_invariance",
        "check_no_attributes_set_in_init",
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimators_unfitted",
        "check_mixin_order",
        "check_valid_tag_types",
        "check_complex_data",
        "check_estimators_empty_data_messages",
        "check_fit1d",
        "check_fit2d_1sample",
        "check_requires_y_none",
        "check_supervised_y_no_nan",
        "check_estimators_pickle",
        "check_all_zero_sample_weights_error",
        "check_sample_weights_shape",
        "check_sample_weights_list",
        "check_n_features_in_after_fitting",
    ],
)
def test_it_passes_what_takes_one_fit_or_none(estimator: Any, name: str) -> None:
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
