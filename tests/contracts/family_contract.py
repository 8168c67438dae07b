"""What every family does in the plain trainer: each one subclasses `FamilyContract`."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch

from automl.data.dataset import Dataset
from automl.models.family import find_family
from automl.training.config import RunConfig, TrainingConfig
from automl.training.plain import PlainTrainer
from automl.training.predictions import predict
from automl.training.trainer import Checkpoint
from storage.records import EpochRecord
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve

OPTIMIZERS = ("sgd", "momentum", "adagrad", "rmsprop", "adam", "adamw")


def without_layers(records: list[EpochRecord]) -> list[EpochRecord]:
    """Epochs without the signals of layers, whose last update is not in a checkpoint."""
    return [dataclasses.replace(record, layers=()) for record in records]


class FamilyContract:
    """A subclass says which family, and of what its network is made."""

    family: str
    params: dict[str, Any]

    def run(self, run_id: int = 1, *, seed: int = 5, **training: Any) -> RunConfig:
        config = find_family(self.family).configure(self.params)
        training = {"batch_size": 16, "learning_rate": 0.01, **training}
        return RunConfig(run_id, run_id, self.family, config, TrainingConfig(**training), seed)

    def dataset(self) -> Dataset:
        return tiny_dataset()

    def test_training_lowers_the_train_loss(self) -> None:
        records = curve(PlainTrainer(self.dataset()), self.run(learning_rate=0.03), 20)
        assert records[-1].train_loss < 0.95 * records[0].train_loss

    def test_a_run_has_the_same_curve_alone_and_beside_others_and_again(self) -> None:
        alone = curve(PlainTrainer(self.dataset()), self.run(), 3)
        torch.manual_seed(77)
        trainer = PlainTrainer(self.dataset())
        trainer.add([self.run(7, seed=9), self.run(1), self.run(8, optimizer="sgd")])
        rounds = [trainer.train_round() for _ in range(3)]
        mine = [record for records in rounds for record in records if record.run_id == 1]
        assert [dataclasses.replace(one, seconds=0.0) for one in mine] == alone

    def test_nobodys_random_state_moves(self) -> None:
        before = torch.get_rng_state()
        trainer = PlainTrainer(self.dataset())
        curve(trainer, self.run(), 2)
        predict(self.run(), trainer.best_weights(1), self.dataset(), "test")
        assert torch.equal(torch.get_rng_state(), before)

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_a_run_goes_on_from_its_checkpoint_to_the_last_bit(self, optimizer: str) -> None:
        run = self.run(
            optimizer=optimizer, weight_decay=1e-3, l1=1e-4, max_norm=1.0, gradient_clip_norm=1.0
        )
        whole = curve(PlainTrainer(self.dataset()), run, 4)
        trainer = PlainTrainer(self.dataset())
        curve(trainer, run, 2)
        arrays, numbers = trainer.checkpoint(1).to_arrays()
        checkpoint = Checkpoint.from_arrays(run, arrays, numbers)
        rest = curve(PlainTrainer(self.dataset()), checkpoint, 2)
        assert without_layers(rest) == without_layers(whole[2:])

    def test_weights_predict_what_was_measured(self) -> None:
        trainer, dataset = PlainTrainer(self.dataset()), self.dataset()
        records = curve(trainer, self.run(), 4)
        chances = predict(self.run(), trainer.best_weights(1), dataset, "valid").double()
        targets = dataset.folds[0].valid.targets
        found = -chances.gather(1, targets[:, None]).log().mean().item()
        assert found == pytest.approx(min(record.valid_loss for record in records), rel=1e-5)

    def test_layers_are_measured_and_nothing_changes_by_it(self) -> None:
        records = curve(PlainTrainer(self.dataset()), self.run(), 3)
        assert [bool(record.layers) for record in records] == [False, True, False]
        assert all(math.isfinite(layer.gradient_norm) for layer in records[1].layers)
        assert all(layer.update_ratio > 0 for layer in records[1].layers)

    def test_half_precision_is_the_same_each_time_and_close_to_full(self) -> None:
        full = curve(PlainTrainer(self.dataset()), self.run(), 3)
        half, again = (curve(PlainTrainer(self.dataset(), amp=True), self.run(), 3) for _ in "ab")
        assert half == again != full
        assert half[-1].valid_loss == pytest.approx(full[-1].valid_loss, rel=0.1)

    def test_a_run_begins_where_it_is_told_of_its_size(self) -> None:
        trainer = PlainTrainer(self.dataset())
        trainer.add([self.run()])
        family = find_family(self.family)
        size = sum(
            values.numel()
            for name, values in trainer.checkpoint(1).weights.items()
            if "running_" not in name and "num_batches" not in name and "input_" not in name
        )
        if family.is_trusted:
            config = family.configure(self.params)
            assert family.n_parameters(config, self.dataset().describe()) == size
            return
        (begun,) = trainer.take_begun()
        assert (begun.run_id, begun.n_parameters) == (1, size)
        assert all(math.isnan(layer.update_ratio) for layer in begun.layers) and begun.layers
        assert trainer.take_begun() == ()
