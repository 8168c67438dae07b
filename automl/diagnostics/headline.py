"""The first two lines that a person reads of a study, the same wherever they are shown.

How the network stands beside the best reference on test rows; what the verdict on it is. A
study that was never judged, such as one that still runs, is judged when it is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from automl.diagnostics.standing import Standing, standing
from automl.diagnostics.study_verdict import diagnose_study, diagnose_trial
from automl.options.values import DEFAULT_STORAGE
from automl.study_advice import naming_study
from storage.records import Diagnosis, StudyRecords
from storage.titles import title, titled, untitled


@dataclass(frozen=True, slots=True)
class Headline:
    """How good the network is, and why: the first of the study's diagnoses."""

    standing: Standing
    verdict: Diagnosis | None  # None where there is nothing to be judged

    @property
    def lines(self) -> tuple[str, ...]:
        """One or two lines of text."""
        if self.verdict is None:
            return (self.standing.sentence,)
        return (self.standing.sentence, first_sentence(self.verdict))


def headline(records: StudyRecords) -> Headline:
    """The headline of a study, the same wherever it is shown."""
    return Headline(standing(records), next(iter(shown_diagnoses(records)), None))


def shown_diagnoses(
    records: StudyRecords, storage: str = DEFAULT_STORAGE
) -> tuple[Diagnosis, ...]:
    """The stored diagnoses; those made now before them where none is of the study or its best.

    Args:
        storage: the database that commands in advice name.
    """
    name = records.settings.study_name
    return tuple(naming_study(one, name, storage) for one in _diagnoses(records))


def shown_diagnoses_of_trial(
    records: StudyRecords, trial_number: int, storage: str = DEFAULT_STORAGE
) -> tuple[Diagnosis, ...]:
    """The verdicts on one trial, made now, the main one first.

    Args:
        storage: the database that commands in advice name.

    Raises:
        StudyError: the study has no such trial.
    """
    name = records.settings.study_name
    return tuple(naming_study(one, name, storage) for one in diagnose_trial(records, trial_number))


def _diagnoses(records: StudyRecords) -> tuple[Diagnosis, ...]:
    best = records.best_trial
    of_study = (None, best.number if best else None)
    if any(one.trial_number in of_study for one in records.diagnoses):
        return records.diagnoses
    return (*diagnose_study(records), *records.diagnoses)


def first_sentence(diagnosis: Diagnosis) -> str:
    """The first sentence of a verdict, behind its title."""
    name = title(diagnosis)
    message = untitled(name, diagnosis.message)
    # A name in it, "No. of rooms", may have a point too: a sentence goes on with a capital.
    end = re.search(r"[.] (?=[A-Z0-9])", message)
    return titled(name, message[: end.start() + 1] if end else message)
