"""What every trainer must do: each implementation subclasses `TrainerContract`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from automl.data.dataset import Dataset
from automl.errors import DivergedError
from automl.models.mlp.config import MLPConfig
from automl.training.best_epoch import BestEpoch
from automl.training.config import RowSubset, RunConfig, TrainingConfig
from automl.training.predictions import predict
from automl.training.trainer import Checkpoint, Start, Trainer
from storage.records import EpochRecord, best_epoch
from tests.contracts.tiny_datasets import parted_dataset, tiny_dataset
from tests.contracts.toy_family import ToyConfig

TOY = "tests.contracts.toy_family:TOY_FAMILY"

MakeTrainer = Callable[[Dataset], Trainer]


def tiny_run(
    run_id: int = 1, *, fold: int = 0, rows: RowSubset | None = None, **values: Any
) -> RunConfig:
    """A run that trains in milliseconds; keywords are fields of either configuration."""
    values = {"hidden_size": 12, "batch_size": 16, "learning_rate": 0.01, "seed": 5, **values}
    seed = values.pop("seed")
    model = {f.name for f in dataclasses.fields(MLPConfig)} & values.keys()
    training = {f.name for f in dataclasses.fields(TrainingConfig)} & values.keys()
    assert model | training == values.keys(), f"unknown: {values.keys() - model - training}"
    return RunConfig(
        run_id,
        trial_number=run_id,
        family="mlp",
        model=MLPConfig(**{name: values[name] for name in model}),
        training=TrainingConfig(**{name: values[name] for name in training}),
        seed=seed,
        fold=fold,
        rows=rows,
    )


def toy_run(run_id: int = 1, *, seed: int = 5, **values: Any) -> RunConfig:
    """A run of the toy family; keywords are fields of either configuration."""
    values = {"batch_size": 16, "learning_rate": 0.01, **values}
    toy = {name: values.pop(name) for name in ("width", "dropout", "kind") if name in values}
    training = TrainingConfig(**values)
    return RunConfig(run_id, run_id, TOY, ToyConfig(**toy), training, seed)


def curve(trainer: Trainer, start: Start, n_epochs: int) -> list[EpochRecord]:
    """The next epochs of one run in a trainer of its own, without their times."""
    trainer.add([start])
    rounds = [trainer.train_round() for _ in range(n_epochs)]
    return [dataclasses.replace(record, seconds=0.0) for records in rounds for record in records]


def losses(records: Sequence[EpochRecord]) -> list[tuple[float, float]]:
    return [(record.train_loss, record.valid_loss) for record in records]


VARIED = {
    "adam_dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "momentum_batch_norm": {"optimizer": "momentum", "normalization": "batch_norm"},
    "rmsprop": {"optimizer": "rmsprop", "activation": "prelu", "normalization": "layer_norm"},
    "adagrad": {"optimizer": "adagrad", "activation": "maxout", "weight_decay": 1e-3},
    "switch": {"schedule": "switch_to_sgd", "switch_fraction": 0.5, "max_epochs": 4},
    "warm_cosine": {"schedule": "cosine", "warmup_fraction": 0.3, "max_epochs": 6},
    "averaged": {"weight_averaging": 1.5, "normalization": "batch_norm", "n_layers": 1},
    "members": {"n_members": 3, "normalization": "batch_norm", "dropout": 0.2, "mixup": 0.4},
    "parts_of_passes": {"schedule": "one_cycle", "epoch_steps": 4, "max_epochs": 6},
}


class TrainerContract:
    @pytest.fixture
    def make_trainer(self) -> MakeTrainer:
        raise NotImplementedError

    def test_epochs_count_from_one_and_steps_add_up(self, make_trainer: MakeTrainer) -> None:
        records = curve(make_trainer(tiny_dataset()), tiny_run(batch_size=16), 3)
        assert [record.epoch for record in records] == [1, 2, 3]
        assert [record.step for record in records] == [6, 12, 18]  # 90 rows

    def test_an_epoch_may_be_a_part_of_a_pass(self, make_trainer: MakeTrainer) -> None:
        records = curve(make_trainer(tiny_dataset()), tiny_run(batch_size=16, epoch_steps=4), 3)
        assert [record.epoch for record in records] == [1, 2, 3]
        assert [record.step for record in records] == [4, 8, 12]

    def test_training_lowers_the_train_loss(self, make_trainer: MakeTrainer) -> None:
        records = curve(make_trainer(tiny_dataset()), tiny_run(), 12)
        assert records[-1].train_loss < 0.8 * records[0].train_loss

    def test_one_record_per_active_run_and_round(self, make_trainer: MakeTrainer) -> None:
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run(3, hidden_size=8), tiny_run(1, n_layers=1, batch_size=32)])
        assert trainer.active == (3, 1)
        assert sorted(record.run_id for record in trainer.train_round()) == [1, 3]

    def test_runs_whose_turn_it_is_not_rest_as_they_are(self, make_trainer: MakeTrainer) -> None:
        alone = curve(make_trainer(tiny_dataset()), tiny_run(2, dropout=0.2), 3)
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run(1), tiny_run(2, dropout=0.2), tiny_run(3, batch_size=32)])
        turns = [{1, 2}, {3, 1}, {1}, {2}, {2, 3}]
        rounds = [trainer.train_round(run_ids=turn) for turn in turns]
        assert [{record.run_id for record in records} for records in rounds] == turns
        assert trainer.active == (1, 2, 3)
        mine = [record for records in rounds for record in records if record.run_id == 2]
        assert [record.epoch for record in mine] == [1, 2, 3]
        for found, expected in zip(losses(mine), losses(alone), strict=True):
            assert found == pytest.approx(expected, rel=1e-4)
        assert trainer.checkpoint(1).epoch == 3
        assert trainer.train_round(run_ids=()) == []

    def test_dropped_run_trains_no_more_and_keeps_its_best_weights(
        self, make_trainer: MakeTrainer
    ) -> None:
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run(1), tiny_run(2)])
        trainer.train_round()
        trainer.drop(1)
        assert trainer.active == (2,)
        assert [record.run_id for record in trainer.train_round()] == [2]
        assert "output.weight" in trainer.best_weights(1)
        trainer.forget(1)

    def test_same_seed_gives_the_same_curve(self, make_trainer: MakeTrainer) -> None:
        run = tiny_run(dropout=0.2)
        once, again = (curve(make_trainer(tiny_dataset()), run, 3) for _ in range(2))
        assert losses(once) == losses(again)

    def test_other_seed_gives_another_curve(self, make_trainer: MakeTrainer) -> None:
        first = curve(make_trainer(tiny_dataset()), tiny_run(seed=1), 1)
        other = curve(make_trainer(tiny_dataset()), tiny_run(seed=2), 1)
        assert losses(first) != losses(other)

    def test_torch_generator_is_neither_used_nor_moved(self, make_trainer: MakeTrainer) -> None:
        before = torch.get_rng_state()
        curve(make_trainer(tiny_dataset()), tiny_run(dropout=0.3), 1)
        assert torch.equal(torch.get_rng_state(), before)

    def test_neighbours_do_not_change_a_curve(self, make_trainer: MakeTrainer) -> None:
        alone = curve(make_trainer(tiny_dataset()), tiny_run(1, dropout=0.2), 3)
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run(7, hidden_size=20, seed=9), tiny_run(1, dropout=0.2)])
        together = [trainer.train_round()]
        trainer.drop(7)
        trainer.add([tiny_run(8, n_layers=3, activation="tanh")])
        together += [trainer.train_round(), trainer.train_round()]
        mine = [record for records in together for record in records if record.run_id == 1]
        for found, expected in zip(losses(mine), losses(alone), strict=True):
            assert found == pytest.approx(expected, rel=1e-4)

    @pytest.mark.parametrize("varied", VARIED)
    def test_run_continued_from_its_checkpoint_goes_on_as_before(
        self, make_trainer: MakeTrainer, varied: str
    ) -> None:
        run = tiny_run(**VARIED[varied])
        whole = curve(make_trainer(tiny_dataset()), run, 4)
        trainer = make_trainer(tiny_dataset())
        curve(trainer, run, 2)
        checkpoint = trainer.checkpoint(1)
        assert (checkpoint.epoch, checkpoint.step) == (2, whole[1].step)
        rest = curve(make_trainer(tiny_dataset()), checkpoint, 2)
        assert [dataclasses.replace(record, layers=()) for record in rest] == [
            dataclasses.replace(record, layers=()) for record in whole[2:]
        ]

    def test_checkpoint_before_the_first_epoch_starts_the_run(
        self, make_trainer: MakeTrainer
    ) -> None:
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run()])
        rest = curve(make_trainer(tiny_dataset()), trainer.checkpoint(1), 2)
        assert losses(rest) == losses(curve(make_trainer(tiny_dataset()), tiny_run(), 2))

    @pytest.mark.parametrize("averaging", [None, 0.3])
    def test_best_weights_are_those_of_the_lowest_validation_loss(
        self, make_trainer: MakeTrainer, averaging: float | None
    ) -> None:
        run = tiny_run(learning_rate=0.3, hidden_size=32, weight_averaging=averaging)
        dataset = tiny_dataset()
        trainer = make_trainer(dataset)
        records = curve(trainer, run, 8)
        best = min(record.valid_loss for record in records)
        assert best < records[-1].valid_loss, "the curve must turn for this test to say anything"
        chances = predict(run, trainer.best_weights(1), dataset, "valid").double()
        targets = dataset.folds[0].valid.targets
        found = -chances.gather(1, targets[:, None]).log().mean().item()
        assert found == pytest.approx(best, rel=1e-5)

    def test_of_equally_good_epochs_the_last_ones_weights_are_kept(
        self, make_trainer: MakeTrainer
    ) -> None:
        """The loss stays at 0 while weights decay; patience counts from the first such epoch."""
        run = tiny_run(learning_rate=0.3, optimizer="adamw", weight_decay=0.1)
        trainer = make_trainer(parted_dataset())
        first, *rest = curve(trainer, run, 3)
        assert [record.valid_loss for record in (first, *rest)] == [0, 0, 0]
        before = trainer.checkpoint(1)
        (later,) = trainer.train_round()
        now = trainer.checkpoint(1)
        assert now.best == BestEpoch(epoch=4, since=1, valid_loss=0.0)
        assert best_epoch([first, *rest, later]) is later
        kept = trainer.best_weights(1)["output.weight"]
        assert torch.equal(kept, now.weights["output.weight"])
        assert not torch.equal(kept, before.best_weights["output.weight"])
        arrays, numbers = now.to_arrays()
        assert Checkpoint.from_arrays(run, arrays, numbers).best == now.best

    def test_best_weights_survive_a_checkpoint(self, make_trainer: MakeTrainer) -> None:
        run = tiny_run(learning_rate=0.3, hidden_size=32)
        trainer = make_trainer(tiny_dataset())
        curve(trainer, run, 8)
        continued = make_trainer(tiny_dataset())
        continued.add([trainer.checkpoint(1)])
        for name, values in trainer.best_weights(1).items():
            assert torch.equal(continued.best_weights(1)[name], values)

    def test_diverged_run_is_recorded_and_dropped_and_harms_no_neighbour(
        self, make_trainer: MakeTrainer
    ) -> None:
        alone = curve(make_trainer(tiny_dataset("mean_squared")), tiny_run(1), 3)
        trainer = make_trainer(tiny_dataset("mean_squared"))
        wild = tiny_run(2, optimizer="sgd", learning_rate=1e20)
        trainer.add([tiny_run(1), wild])
        rounds = [trainer.train_round() for _ in range(3)]
        ends = [record for records in rounds for record in records if record.run_id == 2]
        assert not ends[-1].is_finite
        assert trainer.active == (1,)
        mine = [record for records in rounds for record in records if record.run_id == 1]
        for found, expected in zip(losses(mine), losses(alone), strict=True):
            assert found == pytest.approx(expected, rel=1e-4)

    def test_run_without_a_finite_epoch_has_no_weights(self, make_trainer: MakeTrainer) -> None:
        trainer = make_trainer(tiny_dataset("mean_squared"))
        curve(trainer, tiny_run(optimizer="sgd", learning_rate=1e30), 1)
        with pytest.raises(DivergedError, match="run 1 has no epoch with finite losses"):
            trainer.best_weights(1)

    def test_nothing_is_trained_after_the_deadline(self, make_trainer: MakeTrainer) -> None:
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run(1), tiny_run(2, batch_size=32)])
        assert trainer.train_round(deadline=time.monotonic() - 1) == []
        assert len(trainer.train_round(deadline=time.monotonic() + 60)) == 2

    def test_round_without_runs_is_empty(self, make_trainer: MakeTrainer) -> None:
        assert make_trainer(tiny_dataset()).train_round() == []

    def test_seconds_of_a_round_add_up_to_its_time(self, make_trainer: MakeTrainer) -> None:
        trainer = make_trainer(tiny_dataset())
        trainer.add([tiny_run(1), tiny_run(2)])
        start = time.monotonic()
        records = trainer.train_round()
        whole = time.monotonic() - start
        assert 0.5 * whole < sum(record.seconds for record in records) <= whole

    def test_layers_are_recorded_at_epochs_two_four_eight(self, make_trainer: MakeTrainer) -> None:
        records = curve(make_trainer(tiny_dataset()), tiny_run(n_layers=2), 8)
        assert [record.epoch for record in records if record.layers] == [2, 4, 8]
        layers = records[1].layers
        assert [layer.name for layer in layers] == ["hidden 1", "hidden 2", "output"]
        assert all(0 < layer.update_ratio < 1 for layer in layers)

    @pytest.mark.parametrize(
        "loss", ["binary_cross_entropy", "mean_squared", "mean_absolute", "huber"]
    )
    def test_every_task_and_loss_is_learned(self, make_trainer: MakeTrainer, loss: str) -> None:
        records = curve(make_trainer(tiny_dataset(loss, with_categories=True)), tiny_run(), 8)
        assert records[-1].train_loss < 0.8 * records[0].train_loss
        assert 0 < records[-1].valid_loss_standard_error < records[-1].valid_loss

    def test_rmse_is_in_the_targets_own_unit(self, make_trainer: MakeTrainer) -> None:
        record = curve(make_trainer(tiny_dataset("mean_squared")), tiny_run(), 1)[0]
        assert record.valid_metric == pytest.approx(record.valid_loss**0.5 * 2.5, rel=1e-5)

    def test_folds_train_on_their_own_rows(self, make_trainer: MakeTrainer) -> None:
        trainer = make_trainer(tiny_dataset(n_folds=2))
        trainer.add([tiny_run(1), tiny_run(2, fold=1)])
        first, second = trainer.train_round()
        assert first.valid_loss != second.valid_loss

    def test_run_on_a_part_of_the_rows_takes_fewer_steps(self, make_trainer: MakeTrainer) -> None:
        rows = RowSubset(fraction=0.5, part=1, seed=3)
        records = curve(make_trainer(tiny_dataset()), tiny_run(rows=rows), 2)
        assert [record.step for record in records] == [3, 6]  # 45 rows: 16, 16, 13

    def test_single_left_over_row_joins_the_batch_before(self, make_trainer: MakeTrainer) -> None:
        rows = RowSubset(fraction=33 / 90)
        run = tiny_run(rows=rows, normalization="batch_norm", batch_size=16)
        assert curve(make_trainer(tiny_dataset()), run, 1)[0].step == 2
