from __future__ import annotations

import pickle
from typing import Any

from automl.data.dataset import NO_DATA
from automl.models.own.builders import remember
from automl.models.own.reference import reference_of
from automl.options.search_options import SearchOptions
from automl.tuning.objective_problem import ObjectiveProblem
from automl.tuning.settings import objective_settings
from search_spaces.mappings import objective_space


def objective(params: Any) -> float:
    return float(params["x"])


def test_a_trial_is_one_run_of_the_objective_with_its_params() -> None:
    reference = reference_of(objective, "objective")
    remember(reference)
    space = objective_space({"x": [1, 2]}).for_task("objective")
    settings = objective_settings(reference, space, SearchOptions(max_epochs=7, patience=3))
    problem = ObjectiveProblem(settings)
    (run,) = problem.plan(4, {"x": 2})
    (other,) = problem.plan(5, {"x": 2})
    assert (run.trial_number, run.family, run.fold) == (4, "objective", 0)
    assert (run.model.objective, run.model.params) == (reference.words, {"x": 2})
    assert (run.training.max_epochs, run.training.patience) == (7, 3)
    assert run.seed != other.seed
    assert problem.dataset is NO_DATA and not problem.has_weights and not problem.is_trusted
    assert problem.cost({"x": 1}) == problem.cost({"x": 2}) > 0
    assert pickle.loads(problem.model or b"").load()({"x": 3}) == 3.0
    assert settings.is_objective and settings.study_name == "objective"
