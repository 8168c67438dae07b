"""Layer signals of a stack; agreement in every number is in test_trainer_matches_plain.py."""

from __future__ import annotations

import pytest
import torch

from automl.stacked.trainer import StackedTrainer
from automl.training.plain import PlainTrainer
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def test_layers_are_measured_at_powers_of_two_of_each_runs_own_epoch() -> None:
    trainer = StackedTrainer(tiny_dataset())
    trainer.add([tiny_run(1)])
    trainer.train_round()
    trainer.add([tiny_run(2, n_layers=3)])
    counts = []
    for _ in range(3):
        counts.append({r.run_id: len(r.layers) for r in trainer.train_round()})
    assert counts == [{1: 3, 2: 0}, {1: 0, 2: 4}, {1: 3, 2: 0}]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_saturated_and_dead_units_are_counted_as_in_the_plain_trainer(activation: str) -> None:
    runs = [
        tiny_run(n, activation=activation, learning_rate=2.0, hidden_size=5 + n) for n in (1, 2)
    ]
    found, wanted = (
        kind(tiny_dataset(), dtype=torch.float64) for kind in (StackedTrainer, PlainTrainer)
    )
    for trainer in (found, wanted):
        trainer.add(runs)
        trainer.train_round()
    pairs = zip(
        sorted(found.train_round(), key=lambda r: r.run_id), wanted.train_round(), strict=True
    )
    shares = [
        (getattr(a, name), getattr(b, name))
        for mine, theirs in pairs
        for a, b in zip(mine.layers, theirs.layers, strict=True)
        for name in ("saturated_fraction", "dead_fraction")
    ]
    assert any(b > 0 for _, b in shares)
    assert all(a == pytest.approx(b, abs=1e-3) for a, b in shares)


@pytest.mark.parametrize("encoding", ["none", "piecewise_linear", "periodic"])
@pytest.mark.parametrize("is_native", [True, False])
def test_layers_behind_an_encoding_are_measured_as_in_the_plain_trainer(
    encoding: str, is_native: bool
) -> None:
    run, dataset = tiny_run(numeric_encoding=encoding), tiny_dataset(with_categories=True)
    found = StackedTrainer(dataset, dtype=torch.float64, is_native=is_native)
    wanted = PlainTrainer(dataset, dtype=torch.float64)
    for trainer in (found, wanted):
        trainer.add([run])
    for _ in range(2):
        mine, theirs = (trainer.train_round()[0].layers for trainer in (found, wanted))
        for one, other in zip(mine, theirs, strict=True):
            assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-8)
            assert one.activation_mean == pytest.approx(other.activation_mean, rel=1e-8)
