"""Scores of a stack against `score` of each network."""

from __future__ import annotations

import pytest
import torch

from automl.stacked import evaluation as stacked_evaluation
from automl.stacked.blocks import StackLayout
from automl.stacked.evaluation import FEWEST_ROWS, MOST_ROWS, rows_at_once
from automl.stacked.trainer import StackedTrainer
from automl.training import batches
from automl.training.config import RowSubset
from automl.training.losses import metric_of
from automl.training.network import Network, read_rows
from automl.training.place import Place
from automl.training.plain import PlainTrainer
from automl.training.scores import score
from tests.contracts.tiny_datasets import TASKS, tiny_dataset
from tests.contracts.trainer_contract import tiny_run


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("loss", TASKS)
def test_scores_are_those_of_the_plain_networks(
    loss: str, is_native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacked_evaluation, "MOST_ROWS", 17)  # the last chunk overlaps
    dataset = tiny_dataset(loss)
    runs = [tiny_run(1, normalization="batch_norm"), tiny_run(2, n_layers=3, hidden_size=7)]
    trainer = StackedTrainer(dataset, dtype=torch.float64, is_native=is_native)
    trainer.add(runs)
    for record in trainer.train_round():
        run = runs[record.run_id - 1]
        place, fold = Place(dtype=torch.float64), dataset.folds[0]
        rows = read_rows(run, fold.valid, fold.encoding, place)
        network = Network.built(run, dataset.describe(), rows, place)
        network.module.load_state_dict(trainer.checkpoint(record.run_id).weights)
        expected = score(network, dataset, rows)
        metric = metric_of(dataset.task, expected.error, fold.target_scale)
        assert record.valid_metric == pytest.approx(metric, rel=1e-12)
        assert record.valid_loss == pytest.approx(expected.loss, rel=1e-12)
        assert record.valid_loss_standard_error == pytest.approx(expected.standard_error)


def test_fewer_rows_at_once_for_more_and_wider_networks() -> None:
    sizes = [(1, 8), (50, 64), (100, 4096)]
    rows = [
        rows_at_once(StackLayout.of([tiny_run(hidden_size=width).model] * n, 5, (), 3))
        for n, width in sizes
    ]
    assert MOST_ROWS == rows[0] > rows[1] > rows[2] == FEWEST_ROWS


@pytest.mark.parametrize("is_native", [True, False])
def test_train_loss_is_measured_on_the_same_part_of_the_rows(
    is_native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "FEWEST_MEASURED_ROWS", 1)  # as many as the 30 that validate
    batches.measured_rows.cache_clear()
    dataset = tiny_dataset()
    runs = [tiny_run(1), tiny_run(2, rows=RowSubset(0.5, 1, seed=3))]
    found = {}
    for trainer in (PlainTrainer(dataset), StackedTrainer(dataset, is_native=is_native)):
        trainer.add(runs)
        found[type(trainer)] = [record.train_loss for record in trainer.train_round()]
    assert len(batches.measured_rows(90, 30)) == 30
    batches.measured_rows.cache_clear()
    assert found[StackedTrainer] == pytest.approx(found[PlainTrainer], rel=1e-5)
