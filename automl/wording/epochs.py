"""What an epoch is, in words: a pass over the train rows or, of a large table, a part of one.

Trainers cut and measure epochs as `automl/training/batches.py` says; here is what people are told
where an epoch is no pass, or is not measured on all validation rows. Else nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from automl.wording.numbers import number
from search_spaces.hyperparameter import TRAINING
from search_spaces.hyperparameters import defaults
from storage.records import ParameterValue, StudySettings

_DEFAULT = defaults(TRAINING)["batch_size"]


def part_words(settings: StudySettings, params: Mapping[str, ParameterValue]) -> str:
    """What a trial's epoch is where it is a part of a pass: "256 updates, 0.42 passes"."""
    steps, n_rows = settings.epoch_steps, settings.n_rows.get("train", 0)
    size = params.get("batch_size", _searched(settings).get("value", _DEFAULT))
    if steps == "full" or not isinstance(size, int) or steps * size >= n_rows:
        return ""
    return f"{steps:,} updates, {number(steps * size / n_rows, 2)} passes"


def measured_words(settings: StudySettings) -> str:
    """How many validation rows measure an epoch, "5,000 of 20,000"; nothing where all do."""
    n_measured, n_valid = settings.n_measured_rows, settings.n_rows.get("valid", 0)
    return f"{n_measured:,} of {n_valid:,}" if n_measured < n_valid else ""


def epoch_sentences(settings: StudySettings) -> str:
    """What an epoch trains on and is measured on, where that is not all there is."""
    measured = measured_words(settings)
    told = f"Each epoch of each trial is measured on the same {measured} validation rows."
    return " ".join(filter(None, [_pass_sentence(settings), told if measured else ""]))


def _pass_sentence(settings: StudySettings) -> str:
    """What an epoch is in a study some of whose trials train on parts of passes; else nothing."""
    steps, n_rows = settings.epoch_steps, settings.n_rows.get("train", 0)
    if steps == "full" or steps * _smallest(settings) >= n_rows:
        return ""
    return (
        f"An epoch is a pass over the {n_rows:,} train rows, or {steps:,} updates with batches "
        f"of fewer than {-(-n_rows // steps):,} rows."
    )


def _searched(settings: StudySettings) -> Mapping[str, Any]:
    """What the study's space says of batches."""
    parameters = cast("Mapping[str, Mapping[str, Any]]", settings.space.get("parameters") or {})
    return parameters.get("batch_size", {})


def _smallest(settings: StudySettings) -> int:
    """The smallest batch that the study's space has; "full" is no number."""
    entry = _searched(settings)
    values = entry.get("choices") or [entry.get("low", entry.get("value", _DEFAULT))]
    return min((value for value in values if isinstance(value, int)), default=2**31)
