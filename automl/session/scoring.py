"""Scoring the best trial when a search has ended, beside its references.

The references are fitted while trials train, and waited for: as long as it takes, or as the call's
time allows where it is limited. What is missing is said, and costs no result.
"""

from __future__ import annotations

import logging

from automl.data.references import FittedReferences
from automl.errors import DataError, StudyError, TrainingError
from automl.session.call import SearchCall
from automl.tuning.evaluation import evaluate_answer
from automl.tuning.keeping import save_preprocessing
from automl.tuning.progress import SearchProgress
from automl.tuning.references import References
from storage import Store
from storage.errors import ArtifactError

LOG = logging.getLogger("automl")


class Scoring:
    """The score of one call's best trial."""

    def __init__(self, call: SearchCall, store: Store) -> None:
        self.unscored: str | None = None  # why the answer has no score, once it was tried
        self._call = call
        self._store = store
        self._references = References(
            call.data.dataset, are_wanted=call.options.references, timeout=call.clock.timeout
        )

    def begin_beside(self, progress: SearchProgress) -> None:
        """Begin to fit the references if it is time to."""
        self._references.begin_beside(progress)

    def hurry(self) -> None:
        """A person waits for the end."""
        self._references.hurry()

    def score(self, trouble: object = None) -> None:
        """Score the answer; a file that was taken away meanwhile is made again, or missed.

        Args:
            trouble: why its weights may not be kept, if that is known.
        """
        for is_last in (False, False, True):
            try:
                self._evaluate()
            # Or another process has a better one now, or rows that the network cannot take.
            except (ArtifactError, StudyError, DataError, TrainingError) as error:
                if is_last:
                    self.unscored = f"the best trial could not be scored: {trouble or error}"
                    LOG.warning("%s", self.unscored)
            else:
                return

    def _evaluate(self) -> None:
        store, name = self._store, self._call.study_name
        with store.transaction(at_once=True):
            save_preprocessing(store, store.read_study(name), self._call.data.encoders)
        wanted = self._references.names
        evaluate_answer(store, self._call.problem, self._take_references, wanted)

    def _take_references(self) -> FittedReferences:
        LOG.info("finishing the references")
        seconds_left = max(0.0, self._call.clock_of_training.seconds_left)
        seconds_left += self._call.seconds_for_references
        fitted = self._references.take(seconds_left)
        if self._references.shortfall is not None:
            LOG.warning("%s", self._references.shortfall)
        return fitted

    def close(self) -> None:
        """End the fitting of references."""
        self._references.end()
