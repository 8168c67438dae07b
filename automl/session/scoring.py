"""Scoring the best trial when a search has ended, beside its references.

The references are fitted while trials train, and waited for: as long as it takes, or as the call's
time allows where it is limited. What is missing is said, and costs no result.
"""

from __future__ import annotations

import logging

from automl.data.loaded import LoadedData
from automl.data.references import FittedReferences
from automl.errors import DataError, StudyError, TrainingError
from automl.session.call import SearchCall
from automl.tuning.evaluation import evaluate_answer
from automl.tuning.keeping import save_preprocessing
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.progress import SearchProgress
from automl.tuning.references import References
from storage import Store
from storage.errors import ArtifactError
from storage.records import StudyRecords

LOG = logging.getLogger("automl")


class Scoring:
    """The score of one call's best trial."""

    def __init__(self, call: SearchCall, data: LoadedData, store: Store) -> None:
        self.unscored: str | None = None  # why the answer has no score, once it was tried
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
        self._references.hurry()

    @property
    def has_references(self) -> bool:
        """Whether the references are fitted already."""
        return self._references.are_fitted

    def score(self, records: StudyRecords, trouble: object = None) -> StudyRecords:
        """Score the answer; a file that was taken away meanwhile is made again, or missed.

        Args:
            trouble: why its weights may not be kept, if that is known.

        Returns:
            The records with the scores, and with all that was found to have changed.
        """
        for is_last in (False, False, True):
            try:
                self._evaluate(records)
            # Or another process has a better one now, or rows that the network cannot take.
            except (ArtifactError, StudyError, DataError, TrainingError) as error:
                if is_last:
                    self.unscored = f"the best trial could not be scored: {trouble or error}"
                    LOG.warning("%s", self.unscored)
                records = self._store.read_study(self._call.study_name)
            else:
                break
        return self._store.refreshed(records)

    def _evaluate(self, records: StudyRecords) -> None:
        store = self._store
        with store.transaction(at_once=True):
            save_preprocessing(store, self._call.study_name, self._encoders)
        wanted, known = self._references.names, store.refreshed(records)
        evaluate_answer(store, self._problem, known, self._take_references, wanted)

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
