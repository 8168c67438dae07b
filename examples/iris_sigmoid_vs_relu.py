"""Sigmoid against ReLU on iris: why the activation decides whether plain SGD gets anywhere.

    python examples/iris_sigmoid_vs_relu.py

The experiment of the lecture that this project starts from: two hidden layers, 500 epochs of
plain SGD, learning rate 0.01, batches of 32. The lecture leaves width, initialization and
split open; here they are 8 units, Xavier, and 90 / 30 rows, and five seeds show how much
chance there is in one run. The last two columns say why: a sigmoid's slope is at most 1/4, so
through every layer the gradient shrinks on its way to the inputs.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from automl.data import SplitOptions, load_dataset
from automl.data.dataset import Dataset
from automl.models.mlp.config import MLPConfig
from automl.training.config import RunConfig, TrainingConfig
from automl.training.gradients import inspect_initialization
from automl.training.plain import PlainTrainer

PUBLISHED = {"sigmoid": (0.85, 0.89), "relu": (0.27, 0.26)}
"""Train and test loss that the lecture reports for one run of each."""


@dataclass(frozen=True)
class Outcome:
    """One activation after the last epoch, over the seeds."""

    activation: str
    train_losses: tuple[float, ...]
    test_losses: tuple[float, ...]
    first_gradient: float  # norm at the first layer before training, mean over the seeds
    last_gradient: float  # and at the output layer


def experiment(dataset: Dataset, activation: str, n_epochs: int, seeds: Sequence[int]) -> Outcome:
    """Train one network per seed. Rows that no step sees stand in for the lecture's test rows."""
    runs = [
        RunConfig(
            run_id=seed,
            trial_number=seed,
            family="mlp",
            model=MLPConfig(
                n_layers=2, hidden_size=8, activation=activation, initialization="xavier"
            ),
            training=TrainingConfig(
                optimizer="sgd", learning_rate=0.01, batch_size=32, max_epochs=n_epochs
            ),
            seed=seed,
        )
        for seed in seeds
    ]
    trainer = PlainTrainer(dataset)
    trainer.add(runs)
    for _ in range(n_epochs):
        records = trainer.train_round()
    layers = [inspect_initialization(run, dataset) for run in runs]
    return Outcome(
        activation,
        tuple(record.train_loss for record in records),
        tuple(record.valid_loss for record in records),
        statistics.fmean(own[0].gradient_norm for own in layers),
        statistics.fmean(own[-1].gradient_norm for own in layers),
    )


def compare(n_epochs: int = 500, n_seeds: int = 5) -> tuple[Outcome, Outcome]:
    """Sigmoid and ReLU on the same rows, from the same seeds."""
    dataset = load_dataset("sklearn:iris", splits=SplitOptions(folds=1)).dataset
    sigmoid, relu = (experiment(dataset, name, n_epochs, range(n_seeds)) for name in PUBLISHED)
    return sigmoid, relu


def line(outcome: Outcome) -> str:
    """One row of the table: mean and range of the losses, the lecture's, the gradients."""

    def shown(losses: Sequence[float]) -> str:
        return f"{statistics.fmean(losses):.2f} ({min(losses):.2f} to {max(losses):.2f})"

    train, test = PUBLISHED[outcome.activation]
    return (
        f"{outcome.activation:<12}{shown(outcome.train_losses):<23}"
        f"{shown(outcome.test_losses):<23}{f'{train} / {test}':<16}"
        f"{outcome.first_gradient:<16.4f}{outcome.last_gradient:.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Sigmoid against ReLU on iris.")
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=5, help="runs per activation")
    options = parser.parse_args()
    torch.set_num_threads(1)  # networks this small wait longer for a second thread than it saves
    outcomes = compare(options.epochs, options.seeds)
    print(
        f"{'activation':<12}{'train loss':<23}{'test loss':<23}{'published':<16}"
        f"{'gradient, in':<16}gradient, out"
    )
    print("\n".join(line(outcome) for outcome in outcomes))


if __name__ == "__main__":
    main()
