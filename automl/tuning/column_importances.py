"""Which columns an answer uses: how much worse it predicts where one of them is shuffled.

Permutation importance, measured when a search has ended, on validation rows of the networks that
are handed over. A column's values are exchanged among the rows in a random cycle, so that each
row has another row's: then the mean is an unbiased estimate of the loss with the column made
independent of all else. Whatever becomes of a column (indicators, one-hot columns, parts of a
date) moves together. How much is measured follows from counts (`importance_effort.py`), and what
is drawn from the study's seed. It tells what these networks go by, not what causes what.

Source: Breiman 2001, Random forests, section 10; Fisher, Rudin and Dominici 2019, All models are
wrong, but many are useful, JMLR 20(177), section 3 (e_switch).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset
from automl.data.encoders import Encoder
from automl.data.inputs import InputColumns
from automl.data.weight_scales import pooled_weights
from automl.errors import DataError, StudyError, TrainingError
from automl.executors.predicting import Predict
from automl.models.family import find_family
from automl.training.metrics import Weighted
from automl.training.trained_model import WeightedNetwork
from automl.tuning.alike_columns import alike_columns
from automl.tuning.cross_fitting import paired
from automl.tuning.importance_effort import SCREENED_ROWS, Effort, planned, row_seconds
from automl.tuning.kept_models import kept_networks
from automl.tuning.metric_jackknife import MetricJackknife
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.seeds import derive_seed
from automl.tuning.shuffled_folds import FoldRows, cycles
from storage import Store
from storage.answers import measurable_answer, study_importances
from storage.errors import StorageError
from storage.records import StudyRecords
from storage.score_records import (
    AnswerRecord,
    ColumnImportance,
    ImportancesRecord,
    PairedDifference,
    metric_to_choose_by,
)

Floats: TypeAlias = NDArray[np.float64]
Gains: TypeAlias = dict[str, PairedDifference]

ROWS_AT_ONCE, NUMBERS_AT_ONCE = 1 << 14, 1 << 22
"""That networks are called with, so that building one for each call is little: 16 MB of inputs."""

NO_COLUMNS: Final = "the inputs are no columns of a table, of which each could be shuffled"
NO_TIME: Final = "there was no time left for it"
TOO_MANY: Final = (
    "there are too many columns to shuffle each of them in the time that is taken for it, "
    "2 % of --timeout"
)
TOO_FAR: Final = "with some column shuffled predictions lie too far away to be counted"
TOO_FEW_ROWS: Final = "no fold has two validation rows, between which values could be exchanged"


class _TimeIsUpError(Exception):
    """Nobody waits for the rest."""


def measure_importances(
    store: Store,
    problem: NetworkProblem,
    records: StudyRecords,
    encoders: Sequence[Encoder],
    predict: Predict,
    seconds: float,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Measure which columns a study's answer uses, unless it was, and keep it, or why not.

    Args:
        encoders: of each fold.
        predict: what predicts with the problem's networks.
        seconds: of a core that may be taken, as counts tell them.
        is_over: whether nobody waits for it any more.
    """
    answer, metric = measurable_answer(records), metric_to_choose_by(records.settings.metric)
    if answer is None or answer.answer_id < 0:
        return
    known = study_importances(records)
    if known is not None and known.missing_because is None and known.metric == metric:
        return
    measuring = _Measuring(problem, records, answer, encoders, predict, is_over)
    try:
        found = measuring.record(kept_networks(store, records, answer), seconds)
    except _TimeIsUpError:
        found = measuring.missing(NO_TIME)
    except (StorageError, StudyError, DataError, TrainingError) as error:
        found = measuring.missing(str(error))
    if known != found:
        store.add_importances(records.settings.study_name, found)


@dataclass(frozen=True, slots=True, eq=False)
class _Measuring:
    """One answer, whose columns are shuffled."""

    problem: NetworkProblem
    records: StudyRecords
    answer: AnswerRecord
    encoders: Sequence[Encoder]
    predict: Predict
    is_over: Callable[[], bool]

    @property
    def dataset(self) -> Dataset:
        """The rows."""
        return self.problem.dataset

    @property
    def metric(self) -> str | None:
        """That of the study, where it is not the loss."""
        return metric_to_choose_by(self.records.settings.metric)

    def record(self, networks: Sequence[WeightedNetwork], seconds: float) -> ImportancesRecord:
        """What was measured, or why nothing was."""
        columns = [one.input_columns for one in self.encoders]
        names = tuple(columns[0])
        if not names:
            return self.missing(NO_COLUMNS)
        if not any(len(fold.valid) > 1 for fold in self.dataset.folds):
            return self.missing(TOO_FEW_ROWS)
        effort = self._effort(networks, len(names), seconds)
        if effort is None:
            return self.missing(TOO_MANY)
        measured = names
        if effort.n_columns < len(names):
            few = self._folds(columns, networks, SCREENED_ROWS)
            measured = self._moving(few, names, effort.n_columns)
        folds = self._folds(columns, networks, effort.n_rows)
        gains = self._gains(folds, measured, effort.n_repeats)
        if not all(math.isfinite(one.value) for of in gains.values() for one in of.values()):
            return self.missing(TOO_FAR)
        return ImportancesRecord(
            answer_id=self.answer.answer_id,
            columns=self._ranked(gains, columns[0]),
            n_columns=len(names),
            n_rows=sum(len(fold.rows) for fold in folds),
            n_repeats=effort.n_repeats,
            measured_at=time.time(),
            metric=self.metric,
        )

    def missing(self, why: str) -> ImportancesRecord:
        """That nothing was measured, and why."""
        return ImportancesRecord(self.answer.answer_id, metric=self.metric, missing_because=why)

    def _effort(
        self, networks: Sequence[WeightedNetwork], n_columns: int, seconds: float
    ) -> Effort | None:
        """How much can be measured; a row is predicted by the networks of its fold."""
        dataset = self.dataset
        each = row_seconds(
            sum(map(_n_operations, networks)) / len(dataset.folds),
            dataset.describe(0).n_features,
            dataset.n_classes,
            by_metric=self.metric is not None,
        )
        return planned(sum(len(fold.valid) for fold in dataset.folds), n_columns, each, seconds)

    def _folds(
        self,
        columns: Sequence[Mapping[str, InputColumns]],
        networks: Sequence[WeightedNetwork],
        n_rows: int,
    ) -> list[FoldRows]:
        """So many validation rows in all, of each fold its part, drawn at random."""
        total = sum(len(fold.valid) for fold in self.dataset.folds)
        made, places = [], []
        for number, fold in enumerate(self.dataset.folds):
            n_own = len(fold.valid)
            if n_own < 2:
                continue  # there is no other row
            n_drawn = min(n_own, max(2, round(n_rows * n_own / total)))
            random = np.random.default_rng(self._seed("rows", number))
            drawn = np.sort(random.choice(n_own, n_drawn, replace=False))
            own = [one for one in networks if one.network.run.fold == number]
            self._stop_if_over()
            made.append(FoldRows.of(fold, drawn, columns[number], own, self.predict))
            places.append(drawn + sum(len(one.valid) for one in self.dataset.folds[:number]))
        weights = pooled_weights(fold.valid for fold in self.dataset.folds)
        return made if weights is None else _weighted(made, weights, places)

    def _seed(self, *names: str | int) -> int:
        return derive_seed(self.records.settings.seed, "importances", *names)

    def _stop_if_over(self) -> None:
        if self.is_over():
            raise _TimeIsUpError

    def _shuffled(
        self, folds: Sequence[FoldRows], names: Sequence[str], n_repeats: int
    ) -> Iterator[tuple[Sequence[str], list[Floats]]]:
        """What is predicted with each column shuffled, of some columns at a time, by fold."""
        n_rows = max(len(fold.rows) for fold in folds)
        n_numbers = max(1, self.dataset.describe(0).n_features)
        most_rows = min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // n_numbers)
        at_once = max(1, most_rows // (n_rows * n_repeats))
        orders = [
            cycles(np.random.default_rng(self._seed("orders", n)), n_repeats, len(fold.rows))
            for n, fold in enumerate(folds)
        ]
        for first in range(0, len(names), at_once):
            some = names[first : first + at_once]
            predicted = []
            for fold, order in zip(folds, orders, strict=True):
                self._stop_if_over()
                predicted.append(fold.shuffled(some, order, self.predict))
            yield some, predicted

    def _moving(
        self, folds: Sequence[FoldRows], names: Sequence[str], n_columns: int
    ) -> tuple[str, ...]:
        """The columns that move the predictions most, in the table's order."""
        moves: list[float] = []
        for _, predicted in self._shuffled(folds, names, 1):
            of_folds = [fold.moves(one) for fold, one in zip(folds, predicted, strict=True)]
            moves += np.sum(of_folds, axis=0).tolist()
        first = np.argsort(-np.array(moves), kind="stable")[:n_columns]
        return tuple(names[place] for place in sorted(first.tolist()))

    def _gains(
        self, folds: Sequence[FoldRows], names: Sequence[str], n_repeats: int
    ) -> dict[str, Gains]:
        """What each column gains, by score."""
        loss, jackknife = self.dataset.loss, self._jackknife(folds)
        plain = [fold.losses(fold.predicted, loss) for fold in folds]
        whole = _joined([fold.predicted for fold in folds])
        scores = None if jackknife is None else jackknife.scores(whole)
        gains: dict[str, Gains] = {}
        for some, predicted in self._shuffled(folds, names, n_repeats):
            for place, name in enumerate(some):
                of_column = [one[place] for one in predicted]
                rises = [
                    fold.losses(one, loss).mean(axis=0) - before
                    for fold, one, before in zip(folds, of_column, plain, strict=True)
                ]
                gains[name] = {"loss": paired(_joined(rises))}
                if jackknife is None or scores is None:
                    continue
                others = [
                    jackknife.scores(_joined([one[n] for one in of_column]))
                    for n in range(n_repeats)
                ]
                if (gain := jackknife.gain(scores, others)) is not None:
                    gains[name][jackknife.metric] = gain
        return gains

    def _jackknife(self, folds: Sequence[FoldRows]) -> MetricJackknife | None:
        """The study's metric of these rows, where it is not the loss."""
        if self.metric is None:
            return None
        return MetricJackknife(
            self.metric,
            self.dataset,
            Weighted(
                _joined([fold.targets for fold in folds]),
                _joined([one for fold in folds if (one := fold.weights) is not None])
                if self.dataset.is_weighted
                else None,
            ),
            _joined([fold.scale for fold in folds]),
            self.answer.threshold,
            self._seed("groups"),
        )

    def _ranked(
        self, gains: Mapping[str, Gains], columns: Mapping[str, InputColumns]
    ) -> tuple[ColumnImportance, ...]:
        """The columns with those that are like them, the most important first."""
        names = sorted(gains, key=lambda name: -gains[name]["loss"].value)
        train = self.dataset.folds[0].train.inputs
        alike = alike_columns(train, {name: columns[name] for name in names})
        return tuple(ColumnImportance(name, gains[name], alike.get(name, {})) for name in names)


def _weighted(
    folds: Sequence[FoldRows], weights: Floats, places: Sequence[NDArray[np.int64]]
) -> list[FoldRows]:
    """The same with the weights of their rows, of mean 1 over all of these.

    Args:
        weights: of all validation rows, fold after fold.
        places: of each fold's rows among them.
    """
    mean = weights[np.concatenate(places)].mean()
    return [
        replace(fold, weights=weights[own] / mean) for fold, own in zip(folds, places, strict=True)
    ]


def _joined(of_folds: Sequence[NDArray[np.float64]]) -> Floats:
    """What there is of the rows of all folds, one behind another."""
    return np.concatenate(of_folds)


def _n_operations(one: WeightedNetwork) -> float:
    """Multiplications of a network with a row: members that share weights use each of them."""
    run = one.network.run
    n_members = find_family(run.family).n_members(run.model)
    return float(sum(each.numel() for each in one.network.weights.values()) * n_members)
