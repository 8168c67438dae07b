"""The stacked trainer: the contract with and without kernels, refill, divergence, checkpoints."""

from __future__ import annotations

import dataclasses
import functools
import math
import time

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data import SplitOptions, load_dataset
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.family import MLP_FAMILY
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RunConfig, TrainingConfig
from automl.training.gradients import inspect_initialization
from automl.training.plain import PlainTrainer
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import MakeTrainer, TrainerContract, losses, tiny_run


class TestStackedTrainer(TrainerContract):
    @pytest.fixture
    def make_trainer(self) -> MakeTrainer:
        return StackedTrainer


class TestStackedTrainerWithoutKernels(TrainerContract):
    @pytest.fixture
    def make_trainer(self) -> MakeTrainer:
        return functools.partial(StackedTrainer, is_native=False)


@pytest.mark.parametrize("is_native", [True, False])
def test_diverging_run_never_touches_its_neighbours(is_native: bool) -> None:
    """The neighbours are narrower and wider, deeper and shallower than the one that explodes."""
    exploding = tiny_run(5, learning_rate=1e200, optimizer="sgd", n_layers=2)
    others = [
        tiny_run(1, hidden_size=9, activation="sigmoid", n_layers=1),
        tiny_run(2, hidden_size=20, activation="gelu", n_layers=3, normalization="layer_norm"),
        tiny_run(3, hidden_size=12, n_layers=2, normalization="batch_norm"),
    ]
    curves = []
    for runs in (others, [*others, exploding]):
        trainer = StackedTrainer(tiny_dataset(), dtype=torch.float64, is_native=is_native)
        trainer.add(runs)
        rounds = [trainer.train_round() for _ in range(3)]
        curves.append(
            {
                run.run_id: losses(
                    [r for records in rounds for r in records if r.run_id == run.run_id]
                )
                for run in others
            }
        )
        assert trainer.active == (1, 2, 3)
    assert curves[0].keys() == curves[1].keys()
    for run_id, expected in curves[0].items():
        for found, wanted in zip(curves[1][run_id], expected, strict=True):
            assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["nesterov", "adagrad", "adamw", "rmsprop"])
@pytest.mark.parametrize("first", [PlainTrainer, StackedTrainer])
def test_checkpoint_goes_on_in_the_other_trainer(optimizer: str, first: MakeTrainer) -> None:
    run = tiny_run(optimizer=optimizer, normalization="batch_norm", dropout=0.2, momentum=0.8)
    second = StackedTrainer if first is PlainTrainer else PlainTrainer
    whole, begun, continued = (
        kind(tiny_dataset(), dtype=torch.float64) for kind in (first, first, second)
    )
    whole.add([run])
    expected = [whole.train_round() for _ in range(4)][2:]
    begun.add([run])
    begun.train_round(), begun.train_round()
    continued.add([begun.checkpoint(1)])
    for wanted in expected:
        found = continued.train_round()
        assert losses(found)[0] == pytest.approx(losses(wanted)[0], rel=1e-10)
        assert found[0].step == wanted[0].step


def test_best_weights_survive_neighbours_that_come_and_go() -> None:
    trainer = StackedTrainer(tiny_dataset())
    trainer.add([tiny_run(1, learning_rate=0.5, optimizer="sgd"), tiny_run(2)])
    records = [r for r in trainer.train_round() if r.run_id == 1]
    kept = trainer.best_weights(1)
    trainer.drop(2)
    trainer.add([tiny_run(3, hidden_size=20, n_layers=4)])
    while len(records) < 4 and records[-1].valid_loss <= min(r.valid_loss for r in records):
        kept = trainer.best_weights(1)
        records += [r for r in trainer.train_round() if r.run_id == 1]
    best = trainer.checkpoint(1).best.epoch
    assert records[best - 1].valid_loss == min(record.valid_loss for record in records)
    if best == len(records) - 1:
        assert all(torch.equal(kept[name], v) for name, v in trainer.best_weights(1).items())


def test_stacks_not_reached_by_the_deadline_come_first_in_the_next_round() -> None:
    trainer = StackedTrainer(tiny_dataset())
    trainer.add([tiny_run(1, batch_size=16), tiny_run(2, batch_size=32)])
    trainer.train_round()
    assert trainer.train_round(deadline=time.monotonic() - 1) == []
    two = trainer._turns[0]
    assert [record.run_id for record in trainer.train_round()] == [two, 3 - two]


def test_run_that_never_had_a_finite_loss_has_no_best_weights() -> None:
    trainer = StackedTrainer(tiny_dataset())
    trainer.add([tiny_run(1, learning_rate=1e30, optimizer="sgd")])
    record = trainer.train_round()[0]
    assert not math.isfinite(record.valid_loss)
    assert trainer.active == ()
    with pytest.raises(RuntimeError, match="no epoch with finite losses"):
        trainer.best_weights(1)


def test_folds_with_different_inputs_train_as_the_plain_trainer_does() -> None:
    """Folds are encoded by their own train rows: a rare category may be in one of them only."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": generator.normal(size=120),
            "colour": generator.choice([f"colour {n}" for n in range(40)], size=120),
            "price": generator.normal(size=120),
        }
    )
    dataset = load_dataset(frame, target="price", splits=SplitOptions(folds=4)).dataset
    assert (
        len({(fold.encoding.n_features, fold.encoding.cardinalities) for fold in dataset.folds})
        > 1
    )
    runs = [
        RunConfig(k, 0, "mlp", MLPConfig(hidden_size=8), TrainingConfig(), seed=k, fold=k % 4)
        for k in range(8)
    ]
    reached = []
    for trainer in (PlainTrainer(dataset), StackedTrainer(dataset)):
        trainer.add(runs)
        for _ in range(2):
            records = {record.run_id: record.valid_loss for record in trainer.train_round()}
        reached.append([records[k] for k in range(8)])
    assert reached[1] == pytest.approx(reached[0], rel=1e-4)


@pytest.mark.parametrize("is_native", [True, False])
def test_first_look_is_that_of_the_plain_network(is_native: bool) -> None:
    dataset = tiny_dataset(with_categories=True)
    runs = [
        tiny_run(1, normalization="batch_norm", n_layers=3, dropout=0.3),
        tiny_run(2, activation="tanh", initialization="zeros"),
        tiny_run(3, n_layers=0),
    ]
    trainer = StackedTrainer(dataset, is_native=is_native)
    trainer.add(runs)
    begun = {began.run_id: began for began in trainer.take_begun()}
    assert trainer.take_begun() == ()
    for run in runs:
        found, wanted = begun[run.run_id], inspect_initialization(run, dataset)
        assert found.n_parameters == MLP_FAMILY.n_parameters(run.model, dataset.describe())
        for mine, theirs in zip(found.layers, wanted, strict=True):
            numbers, expected = dataclasses.asdict(mine), dataclasses.asdict(theirs)
            assert numbers.pop("name") == expected.pop("name")
            assert numbers == pytest.approx(expected, rel=1e-4, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("is_native", [True, False])
def test_a_run_that_goes_on_is_not_looked_at_again(is_native: bool) -> None:
    # Its layers in the middle of training are no beginning, and by them it is not hopeless.
    before = StackedTrainer(tiny_dataset(), is_native=is_native)
    before.add([tiny_run(1)])
    before.train_round()
    trainer = StackedTrainer(tiny_dataset(), is_native=is_native)
    trainer.add([before.checkpoint(1), tiny_run(2)])
    begun = {began.run_id: began for began in trainer.take_begun()}
    assert begun[1].layers == () and begun[2].layers
    assert begun[1].n_parameters == begun[2].n_parameters


@pytest.mark.parametrize("is_native", [True, False])
def test_a_look_changes_nothing(is_native: bool) -> None:
    curves = []
    for looks in (True, False):
        trainer = StackedTrainer(tiny_dataset(), is_native=is_native)
        trainer.add([tiny_run(1, normalization="batch_norm", dropout=0.2)])
        if looks:
            trainer.take_begun()
        curves.append([trainer.train_round()[0].valid_loss for _ in range(3)])
    assert curves[0] == curves[1]


@pytest.mark.parametrize("is_native", [True, False])
def test_resting_runs_stay_as_they_are_and_go_on_as_if_they_had_not(is_native: bool) -> None:
    trainer, steady = (StackedTrainer(tiny_dataset(), is_native=is_native) for _ in range(2))
    for each in (trainer, steady):
        each.add([tiny_run(n, normalization="batch_norm", optimizer="adam") for n in (1, 2, 3)])
        each.train_round()
    before = trainer.checkpoint(2)
    assert sorted(record.run_id for record in trainer.train_round(run_ids=[3, 1])) == [1, 3]
    after = trainer.checkpoint(2)
    assert after.epoch == before.epoch == 1
    for part in ("weights", "optimizer", "best_weights"):
        kept = getattr(before, part)
        assert all(torch.equal(getattr(after, part)[name], v) for name, v in kept.items())
    (found,) = trainer.train_round(run_ids=[2])
    wanted = next(record for record in steady.train_round() if record.run_id == 2)
    assert found.valid_loss == pytest.approx(wanted.valid_loss, rel=0 if is_native else 1e-5)
