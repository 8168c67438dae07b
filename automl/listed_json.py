"""What a list says of a study as plain values, under the keys that a whole study has them.

Apart from `study_json.py`, which takes the diagnostics and so NumPy and SciPy.
"""

from __future__ import annotations

import math

from automl.options.values import DEFAULT_STORAGE
from automl.study_advice import naming_study
from automl.wording.moments import iso_moment
from storage.listed_studies import ListedStudy
from storage.records import Diagnosis, Json


def settings_json(listed: ListedStudy) -> dict[str, Json]:
    """What a study is of, when it was made and last called, and how its trials ended."""
    settings = listed.settings
    return {
        "study": settings.study_name,
        "task": settings.task,
        "target": settings.target,
        "data": settings.data_source,
        "metric": settings.metric,  # null: the answer is chosen by the loss
        "created_at": iso_moment(settings.created_at),
        "last_call_at": iso_moment(listed.last_call_at),  # its end, or as far as it has come
        "n_trials": dict(listed.outcomes),
        "n_bytes": listed.files.n_bytes,  # of its files, beside the database
        "n_bytes_of_states": listed.files.n_bytes_of_states,  # of these, what only going on needs
    }


def listed_json(listed: ListedStudy, storage: str = DEFAULT_STORAGE) -> dict[str, Json]:
    """A study of a list.

    Args:
        storage: the database that commands in advice name.
    """
    best, scored, verdict = listed.best, listed.evaluation, listed.verdict
    if verdict is not None:
        verdict = naming_study(verdict, listed.settings.study_name, storage)
    return {
        **settings_json(listed),
        "best": None
        if best is None
        else {"trial_number": best.number, "valid_loss": finite(best.value)},
        "test": None if scored is None else dict(scored.scores),
        "diagnosis": None if verdict is None else diagnosis_json(verdict),
    }


def finite(value: float | None) -> float | None:
    """A number as JSON can have it; null: not known, infinite or no number."""
    return value if value is not None and math.isfinite(value) else None


def diagnosis_json(verdict: Diagnosis) -> dict[str, Json]:
    """A verdict with its advice."""
    return {
        "verdict": verdict.kind,
        "severity": verdict.severity,
        "trial_number": verdict.trial_number,  # null: of the study as a whole
        "message": verdict.message,
        "advice": [advice.text for advice in verdict.advice],
    }
