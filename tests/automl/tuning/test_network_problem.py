"""What a search knows of what it trains, before it trains."""

from __future__ import annotations

from dataclasses import replace

from automl.tuning.network_problem import NetworkProblem
from tests.automl.tuning.test_adoption import minimal_settings
from tests.contracts.tiny_datasets import tiny_dataset

PROBLEM = NetworkProblem(replace(minimal_settings(), space={"family": "mlp"}), tiny_dataset())


def test_a_trial_has_a_run_per_fold_each_with_a_seed_of_its_own() -> None:
    folds = PROBLEM.dataset.folds * 3
    problem = replace(PROBLEM, dataset=replace(PROBLEM.dataset, folds=folds))
    runs = problem.plan(7, {"hidden_size": 8, "batch_size": "full"})
    assert [(run.trial_number, run.fold, run.run_id) for run in runs] == [
        (7, fold, -1) for fold in range(3)
    ]
    assert len({run.seed for run in runs}) == 3
    assert {run.training.max_epochs for run in runs} == {5}
    assert runs == problem.plan(7, {"hidden_size": 8, "batch_size": "full"})


def test_runs_get_the_studys_epochs() -> None:
    for said, trained in (("full", None), (7, 7)):
        problem = replace(PROBLEM, settings=replace(PROBLEM.settings, epoch_steps=said))
        assert {run.training.epoch_steps for run in problem.plan(0, {})} == {trained}


def test_a_costly_trial_is_one_of_many_steps_and_many_units() -> None:
    small = PROBLEM.cost({"hidden_size": 8, "n_layers": 1, "batch_size": 64})
    wide = PROBLEM.cost({"hidden_size": 256, "n_layers": 1, "batch_size": 64})
    small_batches = PROBLEM.cost({"hidden_size": 8, "n_layers": 1, "batch_size": 4})
    assert 0 < small < wide
    assert small < small_batches
