"""Choosing the answer when a search has ended, scoring it, and asking which columns it uses.

The references are fitted while trials train, and waited for: as long as it takes, or as the call's
time allows where it is limited. What is missing is said, and costs no result.
"""

from __future__ import annotations

import logging
import time
from collections import Counter

from automl.data.loaded import LoadedData
from automl.data.references import FittedReferences
from automl.errors import DataError, StudyError, TrainingError
from automl.executors.predicting import Predict, RememberedPredictions
from automl.session.call import SearchCall
from automl.tuning.answer_finding import choose_answer
from automl.tuning.column_importances import measure_importances
from automl.tuning.ending_time import AFTER_SCORES_SECONDS
from automl.tuning.evaluation import evaluate_answer
from automl.tuning.importance_effort import seconds_allowed
from automl.tuning.keeping import save_preprocessing
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.progress import SearchProgress
from automl.tuning.references import References
from storage import Store
from storage.errors import ArtifactError
from storage.records import StudyRecords

LOG = logging.getLogger("automl")

SHARE_OF_TIME = 0.3
"""Of what is left of a call's time may be taken to predict with candidates of the answer; else
the best of them are enough."""

MOST_FOR_IMPORTANCES = 60.0
"""Seconds after which importances are left where a call has no time of its own: they are planned
to take one, but a network that a person wrote may be slow."""

N_TRIES = 3
"""In which a trial cannot be scored though it is the best; what is missing is made in each."""


class Scoring:
    """The score of one call's best trial."""

    def __init__(self, call: SearchCall, data: LoadedData, store: Store) -> None:
        self.unscored: str | None = None  # why the answer has no score, once it was tried
        self._metric = call.options.metric  # to choose by, where this call has said one
        self._is_hurried = False
        self._call = call
        self._problem = NetworkProblem(call.settings, data.dataset)
        self._encoders = data.encoders
        self._store = store
        self._references = References(
            data.dataset, are_wanted=call.options.references, timeout=call.clock.timeout
        )

    def begin_beside(self, progress: SearchProgress) -> None:
        """Begin to fit the references if it is time to."""
        self._references.begin_beside(progress)

    def hurry(self) -> None:
        """A person waits for the end."""
        self._is_hurried = True
        self._references.hurry()

    @property
    def has_references(self) -> bool:
        """Whether the references are fitted already."""
        return self._references.are_fitted

    def score(self, records: StudyRecords, trouble: object = None) -> StudyRecords:
        """Score the answer; a file that was taken away meanwhile is made again, or missed.

        Another process may find a better trial at any time, and let the weights of this one go.
        Then that one is scored, however often it happens.

        Args:
            trouble: why its weights may not be kept, if that is known.

        Returns:
            The records with the scores of what was the best in them.
        """
        n_failed: Counter[int | None] = Counter()  # by trial
        while True:
            try:
                scored = self._evaluate(records)
            # Or there are rows that the network cannot take.
            except (ArtifactError, StudyError, DataError, TrainingError) as error:
                records = self._store.read_study(self._call.study_name)
                number = _best_number(records)
                n_failed[number] += 1
                if n_failed[number] == N_TRIES:
                    self.unscored = f"the best trial could not be scored: {trouble or error}"
                    LOG.error("%s", self.unscored)
                    return records
            else:
                records = self._store.refreshed(scored)
                if _best_number(records) == _best_number(scored):
                    return records

    def _evaluate(self, records: StudyRecords) -> StudyRecords:
        """Score what is the best by now; the records that say so."""
        store = self._store
        with store.transaction(at_once=True):
            save_preprocessing(store, self._call.study_name, self._encoders)
        wanted, known = self._references.names, store.refreshed(records)
        seconds = SHARE_OF_TIME * max(0.0, self._call.clock.seconds_left)
        with self._problem.predicting() as predicts:
            predict = RememberedPredictions(predicts)
            how = self._call.options.answer
            known = choose_answer(store, self._problem, known, how, predict, seconds, self._metric)
            self._metric = None  # it is the study's by now, until another call says another
            evaluate_answer(store, self._problem, known, self._take_references, wanted, predict)
            self._measure_importances(store.refreshed(known), predict)
        return known

    def _measure_importances(self, records: StudyRecords, predict: Predict) -> None:
        """Which columns the answer uses, as far as there is time."""
        clock = self._call.clock
        seconds = seconds_allowed(clock.timeout)
        most = MOST_FOR_IMPORTANCES
        if clock.timeout is not None:
            most = clock.seconds_left - clock.afterwards - AFTER_SCORES_SECONDS
        until = time.monotonic() + most
        measure_importances(
            self._store,
            self._problem,
            records,
            self._encoders,
            predict,
            seconds,
            is_over=lambda: self._is_hurried or time.monotonic() > until,
        )

    def _take_references(self) -> FittedReferences:
        if not self._references.are_fitted:
            LOG.info("finishing the references")
        seconds_left = max(0.0, self._call.clock_of_training.seconds_left)
        seconds_left += self._call.seconds_for_references()
        fitted = self._references.take(seconds_left)
        if self._references.shortfall is not None:
            LOG.warning("%s", self._references.shortfall)
        return fitted

    def close(self) -> None:
        """End the fitting of references."""
        self._references.end()


def _best_number(records: StudyRecords) -> int | None:
    return None if records.best_trial is None else records.best_trial.number
