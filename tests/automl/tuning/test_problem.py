"""What a search knows of what it trains, before it trains."""

from __future__ import annotations

from dataclasses import replace

from automl.tuning.problem import Problem
from tests.automl.tuning.test_adoption import minimal_settings
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

PROBLEM = Problem(replace(minimal_settings(), space={"family": "mlp"}), tiny_dataset())


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


def test_a_network_with_a_signal_may_train() -> None:
    layers, failure = PROBLEM.look_first(tiny_run(n_layers=2))
    assert [layer.name for layer in layers] == ["hidden 1", "hidden 2", "output"]
    assert failure is None


def test_a_network_without_a_signal_is_hopeless() -> None:
    run = tiny_run(7, n_layers=3, initialization="zeros")
    layers, failure = PROBLEM.look_first(run)
    assert len(layers) == 4
    assert failure is not None and (failure.run_id, failure.cause) == (7, "hopeless")
    assert failure.message == "symmetric initialization on the first batch"


def test_a_network_that_cannot_be_made_has_failed_with_the_cause() -> None:
    run = tiny_run(7, n_layers=2, hidden_size=10_000_000)
    layers, failure = PROBLEM.look_first(run)
    assert layers == ()
    assert failure is not None and failure.cause == "out_of_memory"


def test_a_costly_trial_is_one_of_many_steps_and_many_units() -> None:
    small = PROBLEM.cost({"hidden_size": 8, "n_layers": 1, "batch_size": 64})
    wide = PROBLEM.cost({"hidden_size": 256, "n_layers": 1, "batch_size": 64})
    small_batches = PROBLEM.cost({"hidden_size": 8, "n_layers": 1, "batch_size": 4})
    assert 0 < small < wide
    assert small < small_batches
