"""What a search does beside its training, and at its end.

Of networks on data: the encoders are kept and the data checked (`data_facts.py`), references
fitted and the answer scored (`scoring.py`). Of a person's own objective there is nothing to do: it
has no rows that could be checked or scored.
"""

from __future__ import annotations

import abc
import logging

from automl.data.loaded import LoadedData
from automl.session.call import SearchCall
from automl.session.data_facts import DataFacts
from automl.session.scoring import Scoring
from automl.tuning.progress import SearchProgress
from storage import Store
from storage.records import StudyRecords

LOG = logging.getLogger("automl")


class Beside(abc.ABC):
    """What is done beside the training of one call."""

    @property
    @abc.abstractmethod
    def has_references(self) -> bool:
        """Whether no references are waited for at the end."""

    @property
    @abc.abstractmethod
    def unscored(self) -> str | None:
        """Why the answer has no score, once it was tried."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Keep what makes a model of weights, before any are kept."""

    @abc.abstractmethod
    def follow(self, progress: SearchProgress) -> None:
        """Do what it is time for, between two rounds."""

    @abc.abstractmethod
    def write(self) -> None:
        """Write what is not there yet."""

    @abc.abstractmethod
    def score(self, records: StudyRecords, trouble: object = None) -> StudyRecords:
        """The records with the answer's scores, see `Scoring.score`."""

    @abc.abstractmethod
    def hurry(self) -> None:
        """A person waits for the end."""

    @abc.abstractmethod
    def close(self) -> None:
        """End what is still under way."""


class BesideData(Beside):
    """Facts of the data, references and scores."""

    def __init__(self, call: SearchCall, data: LoadedData, store: Store) -> None:
        self._facts = DataFacts(call.study_name, data, store)
        self._scoring = Scoring(call, data, store)

    @property
    def has_references(self) -> bool:
        """Whether they are fitted already."""
        return self._scoring.has_references

    @property
    def unscored(self) -> str | None:
        """Why the answer has no score, once it was tried."""
        return self._scoring.unscored

    def prepare(self) -> None:
        """Keep the encoders."""
        self._facts.write_encoders()

    def follow(self, progress: SearchProgress) -> None:
        """Begin to check the data and to fit the references, write what is made."""
        self._facts.write_beside(progress)
        self._scoring.begin_beside(progress)

    def write(self) -> None:
        """Write encoders and checks."""
        self._facts.write()

    def score(self, records: StudyRecords, trouble: object = None) -> StudyRecords:
        """Score the answer on validation and test rows."""
        return self._scoring.score(records, trouble)

    def hurry(self) -> None:
        """Fit no further references."""
        self._scoring.hurry()

    def close(self) -> None:
        """End the fitting of references."""
        self._scoring.close()


class BesideObjective(Beside):
    """Nothing."""

    has_references = True
    unscored = None

    def prepare(self) -> None:
        """No weights are kept."""

    def follow(self, progress: SearchProgress) -> None:
        """Its loop is all there is."""

    def write(self) -> None:
        """Nothing was found in data."""

    def score(self, records: StudyRecords, trouble: object = None) -> StudyRecords:
        """The records as they are; that a state could not be kept is said."""
        if trouble is not None:
            LOG.warning("the state of the best trial is not kept: %s", trouble)
        return records

    def hurry(self) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """Nothing is under way."""


def beside(call: SearchCall, store: Store) -> Beside:
    """What is done beside the training of a call."""
    return BesideObjective() if call.data is None else BesideData(call, call.data, store)
