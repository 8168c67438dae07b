"""What is found out about a network before it trains."""

from __future__ import annotations

from automl.tuning.preflight import look_before_training
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def test_a_network_with_a_signal_may_train() -> None:
    layers, failure = look_before_training(tiny_run(n_layers=2), tiny_dataset())
    assert [layer.name for layer in layers] == ["hidden 1", "hidden 2", "output"]
    assert failure is None


def test_a_network_without_a_signal_is_hopeless() -> None:
    run = tiny_run(7, n_layers=3, initialization="zeros")
    layers, failure = look_before_training(run, tiny_dataset())
    assert len(layers) == 4
    assert failure is not None and (failure.run_id, failure.cause) == (7, "hopeless")
    assert failure.message == "symmetric initialization on the first batch"


def test_a_network_that_cannot_be_made_has_failed_with_the_cause() -> None:
    run = tiny_run(7, n_layers=2, hidden_size=10_000_000)
    layers, failure = look_before_training(run, tiny_dataset())
    assert layers == ()
    assert failure is not None and failure.cause == "out_of_memory"
