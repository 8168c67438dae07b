from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from automl.training.network import Network, read_rows
from automl.training.place import Place
from automl.training.rows import Rows
from automl.training.scores import score
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

DATASET = tiny_dataset()


def network_and_rows() -> tuple[Network, Rows]:
    run, fold = tiny_run(), DATASET.folds[0]
    rows = read_rows(run, fold.valid, fold.encoding, Place())
    network = Network.built(run, DATASET.describe(), rows, Place())
    network.initialize_(run, rows)
    return network, rows


def test_score_is_mean_loss_standard_error_and_share_of_errors() -> None:
    network, rows = network_and_rows()
    found = score(network, DATASET, rows)
    with torch.no_grad():
        outputs = network.module(*rows.arguments)
    losses = functional.cross_entropy(outputs, rows.targets, reduction="none").double()
    assert found.loss == pytest.approx(losses.mean().item())
    assert found.standard_error == pytest.approx(losses.std().item() / 30**0.5)
    assert found.error == pytest.approx((outputs.argmax(1) != rows.targets).double().mean().item())
    assert not network.module.training


def test_standard_error_of_a_single_row_is_zero() -> None:
    network, rows = network_and_rows()
    assert score(network, DATASET, rows[:1]).standard_error == 0.0


def test_weighted_rows_are_scored_by_weights_of_mean_1_over_them() -> None:
    network, rows = network_and_rows()
    weights = torch.linspace(0.5, 8, len(rows))
    found = score(network, DATASET, Rows(rows.arguments, rows.targets, weights))
    with torch.no_grad():
        outputs = network.module(*rows.arguments)
    scaled = weights.double() / weights.double().mean()
    losses = scaled * functional.cross_entropy(outputs, rows.targets, reduction="none").double()
    errors = scaled * (outputs.argmax(1) != rows.targets).double()
    assert found.loss == pytest.approx(losses.mean().item())
    assert found.standard_error == pytest.approx(losses.std().item() / len(rows) ** 0.5)
    assert found.error == pytest.approx(errors.mean().item())
