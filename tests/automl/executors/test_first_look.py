from __future__ import annotations

import math
from dataclasses import replace

import pytest

from automl.executors.first_look import judge_first_look, judge_size
from automl.training.config import NetworkLimits
from automl.training.gradients import inspect_initialization
from automl.training.trainer import RunBegan
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run, toy_run


def look(run):
    return RunBegan(run.run_id, 1, inspect_initialization(run, tiny_dataset()))


def test_there_is_hope_for_a_usual_network_and_for_one_of_which_nothing_is_known():
    run = tiny_run(n_layers=2)
    assert judge_first_look(look(run), run) is None
    assert judge_first_look(RunBegan(1, 5), run) is None


def test_a_network_without_signal_is_hopeless():
    run = tiny_run(n_layers=2, initialization="zeros")
    failure = judge_first_look(look(run), run)
    assert (failure.run_id, failure.cause) == (1, "hopeless")
    assert failure.message == "symmetric initialization on the first batch"


@pytest.mark.parametrize(("run", "cause"), [(tiny_run(), "hopeless"), (toy_run(), "diverged")])
def test_numbers_that_are_not_finite_are_a_fault_of_our_design_or_of_an_unknown_network(
    run, cause
):
    began = look(tiny_run())
    broken = replace(began.layers[0], gradient_norm=math.nan)
    failure = judge_first_look(replace(began, layers=(broken, *began.layers[1:])), run)
    assert failure.cause == cause


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (None, None),
        (NetworkLimits(100, 1e-4), None),
        (NetworkLimits(99), "100 parameters are more than 99"),
        (NetworkLimits(None, 9e-5), "a call of 100 us is longer than 90 us"),
    ],
)
def test_a_network_over_a_limit_is_not_to_train(limits, words):
    failure = judge_size(RunBegan(1, 100, latency=1e-4), replace(tiny_run(), limits=limits))
    assert (failure and (failure.cause, failure.message)) == (words and ("over_limit", words))
    unmeasured = RunBegan(1, 10)
    assert judge_size(unmeasured, replace(tiny_run(), limits=NetworkLimits(10, 1e-9))) is None
