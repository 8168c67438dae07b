"""What networks predict of validation rows: what a study's answer is chosen by.

Predictions are made from kept weights when a search has ended, of the rows of all folds by those
out of fold, as long as there is room and time. To choose by the loss a number of each row is
kept, from which its loss follows; a metric may depend on all rows and classes at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset, Fold
from automl.data.weight_scales import pooled_weights, scaled_weights
from automl.errors import DataError
from automl.executors.predicting import Predict
from automl.models.family import find_family
from automl.training.config import RunConfig
from automl.training.metrics import row_values
from automl.training.trained_model import run_from_details, to_tensors
from automl.tuning.candidates import Candidate
from automl.tuning.cross_fitting import Repeated, most_rows
from automl.tuning.metric_fitting import Judged
from automl.tuning.seeds import derive_seed
from storage import Store
from storage.answers import kept_weights
from storage.records import ArtifactRecord, RunRecord, StudyRecords
from storage.score_records import metric_to_choose_by
from storage.stored_values import damaged_in

Floats: TypeAlias = NDArray[np.float64]
Library: TypeAlias = dict[Candidate, Floats]
"""What is kept of each candidate: (N,) or (N, C), of the rows that are chosen by."""

Kept: TypeAlias = Callable[[Floats, Fold], Floats]
"""What is kept of predictions of a fold's validation rows, to choose by."""

MOST_OPERATIONS: Final = 2e10
"""Multiplications of numbers of networks with rows, in all predictions: about half a second of
a core. Members that share weights multiply each row by them so many times. Where networks are
larger there are fewer candidates, the best ones."""


@dataclass(frozen=True)
class Reading:
    """Predicts a study's validation rows with kept weights.

    Attributes:
        records: of the study.
    """

    store: Store
    dataset: Dataset
    records: StudyRecords
    predict: Predict

    @property
    def metric(self) -> str | None:
        """The study's, where to choose by it is something else than to choose by the loss."""
        return metric_to_choose_by(self.records.settings.metric)

    @property
    def seed(self) -> int:
        """Of all that is drawn to choose an answer."""
        return derive_seed(self.records.settings.seed, "answer")

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The validation rows that answers are chosen by, of all folds in their order."""
        n_rows = sum(len(fold.valid) for fold in self.dataset.folds)
        most = most_rows(1 if self.metric is None else self.dataset.n_classes)
        if n_rows <= most:
            return np.arange(n_rows)
        drawn = np.random.default_rng(self.seed).choice(n_rows, most, replace=False)
        return np.sort(drawn)

    @cached_property
    def weights(self) -> Floats | None:
        """What these rows weigh, mean 1; None where all weigh the same."""
        weights = pooled_weights(fold.valid for fold in self.dataset.folds)
        return None if weights is None else scaled_weights(weights[self.rows])

    def library(self, candidates: Sequence[Candidate], seconds: float) -> tuple[Library, bool]:
        """What candidates predict, as long as there is room.

        A network that predicts what is no number is left out. The best trial comes first, whatever
        the room: without it there is nothing to hold others against.

        Returns:
            With it, whether time was too short for some.
        """
        weights = {one.run_id: one for one in self.records.kept_artifacts("weights") if one.run_id}
        until, folds = time.monotonic() + seconds, self.dataset.folds
        best = self.records.best_trial
        number = None if best is None else best.number
        library: Library = {}
        n_operations, is_cut = 0.0, False
        for candidate in sorted(candidates, key=lambda one: one.trial.number != number):
            n_operations += sum(
                _n_operations(weights[run.run_id], len(folds[run.fold].valid))
                for run in candidate.runs
            )
            is_late = time.monotonic() > until
            is_too_much = n_operations > MOST_OPERATIONS or is_late
            if len(candidate.runs) != len(folds) or (library and is_too_much):
                is_cut |= is_late
                continue
            values = self._values([weights[run.run_id] for run in candidate.runs])
            if values is not None:
                library[candidate] = values
        return library, is_cut

    def repeated(self, library: Library, sets: Sequence[Sequence[RunRecord]]) -> Repeated | None:
        """What the best trial predicts together with its further seeds.

        Args:
            sets: the runs of each seed, of all folds.

        Returns:
            None where there are no seeds, or one of them predicts what is no number.
        """
        best, weights = self.records.best_trial, kept_weights(self.records)
        numbers = [one.trial.number for one in library]
        if best is None or best.number not in numbers or not sets:
            return None
        place = numbers.index(best.number)
        found = [list(library.values())[place]]
        for runs in sets:
            values = self._values([weights[run.run_id] for run in runs])
            if values is None:
                return None
            found.append(values)
        return Repeated(place, np.mean(found, axis=0))

    def judged(self, metric: str) -> Judged:
        """The rows of a library, with their targets."""
        folds, rows = self.dataset.folds, self.rows
        targets = np.concatenate([fold.original_targets("valid").numpy() for fold in folds])
        scales = np.concatenate([np.full(len(fold.valid), fold.target_scale) for fold in folds])
        task, loss = self.dataset.task, self.dataset.loss
        return Judged(targets[rows], scales[rows], task, loss, metric, self.weights)

    def _values(self, artifacts: Iterable[ArtifactRecord]) -> Floats | None:
        """Of the networks of all folds together; None where one has no number."""
        by_fold: dict[int, Floats] = {}
        for artifact in artifacts:
            run = _run_of(artifact)
            fold = self.dataset.folds[run.fold]
            weights = to_tensors(self.store.artifacts.load_weights(artifact))
            try:
                predicted = self.predict(run, weights, "valid")
            except DataError:
                return None
            by_fold[run.fold] = self._kept(predicted.double().numpy(), fold)
        return np.concatenate([by_fold[fold] for fold in sorted(by_fold)])[self.rows]

    def _kept(self, predicted: Floats, fold: Fold) -> Floats:
        if self.metric is not None:
            return predicted
        targets, scale = fold.original_targets("valid").numpy(), fold.target_scale
        return row_values(predicted, targets, loss=self.dataset.loss, target_scale=scale)


def _n_operations(weights: ArtifactRecord, n_rows: int) -> float:
    """Of a network with rows."""
    run = _run_of(weights)
    return weights.n_bytes / 4 * find_family(run.family).n_members(run.model) * n_rows


def _run_of(weights: ArtifactRecord) -> RunConfig:
    with damaged_in("automl_artifacts", "details", artifact_id=weights.artifact_id):
        return run_from_details(weights.details)
