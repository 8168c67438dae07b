"""Losses on rows that nobody saw: of a study's network, of mended ones, of the references.

All are measured on the same test rows, so that two of them are compared row by row, by their
standard error here and not by the product's bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset
from automl.data.references import fit_references, guessing_alone
from automl.executors.choosing import make_executor
from automl.training.metrics import row_losses
from automl.training.predictions import predict
from automl.tuning.network_problem import make_run
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.planned_training import train_runs
from storage.records import ParameterValue, StudySettings, best_epoch

Floats: TypeAlias = NDArray[np.float64]
Params: TypeAlias = Mapping[str, ParameterValue]

SEEDS = (101, 102, 103)
"""Of the runs that are compared; the search's own seeds are others."""


@dataclass(frozen=True, slots=True)
class Scale:
    """In what losses are measured: the study's own, whichever rows a network learned from."""

    loss: str
    targets: NDArray[np.generic]  # (N,) of the test rows: class codes, or values in their own unit
    target_scale: float
    has_class_weights: bool = False

    @classmethod
    def of(cls, dataset: Dataset) -> Scale:
        """The scale of a study's data set."""
        fold = dataset.folds[0]
        targets = fold.original_targets("test").numpy()
        return cls(dataset.loss, targets, fold.target_scale, fold.class_weights is not None)

    def losses(self, predictions: Floats) -> Floats:
        """The loss of each test row, weighted where classes are, (N,)."""
        losses = row_losses(
            predictions, self.targets, loss=self.loss, target_scale=self.target_scale
        )
        if not self.has_class_weights:
            return losses
        return np.asarray(losses * self._row_weights)

    def compared(self, predictions: Floats) -> Floats:
        """What each row adds to the score by which a standing is judged, (N,).

        The loss; with class weights the balanced share of rows wrong, as it is class weights
        that move probabilities away from the frequencies.
        """
        if not self.has_class_weights:
            return self.losses(predictions)
        return np.asarray((predictions.argmax(axis=1) != self.targets) * self._row_weights)

    @property
    def plain(self) -> Scale:
        """The same without class weights, as train losses are measured."""
        return replace(self, has_class_weights=False)

    @property
    def _row_weights(self) -> Floats:
        """By the test rows' own frequencies, so that each class counts as much."""
        codes = self.targets.astype(int)
        counts = np.bincount(codes)
        return np.asarray(len(codes) / (np.count_nonzero(counts) * counts[codes]))


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """One configuration, trained with several seeds.

    Shape:
        rows: (S, N), the losses of the test rows by each.
    """

    rows: Floats
    train_loss: float  # plain, at the best epochs, as stored curves have it
    valid_loss: float
    learned_share: float  # of guessing's loss on the train rows
    lost_share: float  # of what was learned on train rows, what does not hold for test rows


@dataclass(frozen=True, slots=True)
class Difference:
    """How much lower the loss of a second network is than that of a first, on the same rows."""

    gain: float
    error: float  # standard error over rows, and over seeds where there are several

    @property
    def errors(self) -> float:
        """The gain in standard errors."""
        if self.error > 0:
            return self.gain / self.error
        return math.copysign(math.inf, self.gain) if self.gain else 0.0


def difference(first: Floats, second: Floats) -> Difference:
    """Compare row losses, (N,) or (S, N) of as many seeds."""
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    by_row = first.mean(axis=0) - second.mean(axis=0)
    error = float(by_row.std(ddof=1)) / math.sqrt(len(by_row))
    n_seeds = min(len(first), len(second))
    if n_seeds > 1:
        by_seed = first[:n_seeds].mean(axis=1) - second[:n_seeds].mean(axis=1)
        error = math.hypot(error, float(by_seed.std(ddof=1)) / math.sqrt(n_seeds))
    return Difference(float(by_row.mean()), error)


def train_configurations(
    dataset: Dataset, tried: Sequence[Params], scale: Scale, settings: StudySettings
) -> tuple[Trained, ...]:
    """Train each with every seed on the first fold as the study does; measure it on test rows."""
    planned: list[PlannedRun] = []
    for params in tried:
        for seed in SEEDS:
            config = replace(make_run(settings, 0, params, seed=seed), run_id=len(planned))
            planned.append(PlannedRun("confirm", "", config))
    with closing(make_executor(dataset, workers=1)) as executor:
        ended = train_runs(executor, planned, keep="best")
    n = len(SEEDS)
    return tuple(_trained(ended[i : i + n], dataset, scale) for i in range(0, len(ended), n))


def _trained(runs: Sequence[EndedRun], dataset: Dataset, scale: Scale) -> Trained:
    """A run that diverged, or is worse than a guess, is worth one: how much worse is chance."""
    guess = guessed(dataset, scale)
    plain_guess = float(scale.plain.losses(guessed(dataset, scale.plain)).mean())
    rows, train_losses, valid_losses, plain_losses = [], [], [], []
    for run in runs:
        predicted, train_loss, valid_loss = guess, plain_guess, math.inf
        best = best_epoch(run.curve)
        if run.is_evidence and run.weights is not None and best is not None:
            predicted = predict(run.planned.config, run.weights, dataset, "test").double().numpy()
            train_loss, valid_loss = best.train_loss, best.valid_loss
        rows.append(min(scale.losses(predicted), scale.losses(guess), key=np.mean))
        plain_losses.append(float(scale.plain.losses(predicted).mean()))
        train_losses.append(train_loss)
        valid_losses.append(valid_loss)
    train_loss = float(np.mean(train_losses))
    learned, lost = plain_guess - train_loss, float(np.mean(plain_losses)) - train_loss
    return Trained(
        np.stack(rows),
        train_loss,
        float(np.mean(valid_losses)),
        1 - train_loss / _guess_on_train_rows(dataset),
        lost / learned if learned > 0 else 0.0,
    )


def _guess_on_train_rows(dataset: Dataset) -> float:
    """The loss of guessing where train losses are measured: test rows may be harder."""
    fold = dataset.folds[0]
    targets = fold.original_targets("train").numpy()
    scale = Scale(dataset.loss, targets, fold.target_scale)
    constant = guessing_alone(dataset)["guessing"][0].test[:1].double().numpy()
    return float(scale.losses(np.repeat(constant, len(targets), axis=0)).mean())


def references(dataset: Dataset, scale: Scale) -> dict[str, Floats]:
    """What those that a network has to beat predict; the folds' models predict together."""
    predictions: dict[str, Floats] = {}
    for name, folds in fit_references(dataset).items():
        predicted = [one.test.double().numpy() for one in folds]
        predictions[name] = np.asarray(np.mean(predicted, axis=0))
    return predictions | {"guessing": guessed(dataset, scale)}


def guessed(dataset: Dataset, scale: Scale) -> Floats:
    """The best constant for the study's scale: with class weights all classes are as likely."""
    if scale.has_class_weights:
        return np.full((len(scale.targets), dataset.n_classes), 1 / dataset.n_classes)
    constants = guessing_alone(dataset)["guessing"]
    return np.asarray(np.mean([one.test.double().numpy() for one in constants], axis=0))
