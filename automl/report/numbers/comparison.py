"""Numbers of the comparison of studies: what differs, and best loss against epochs spent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.headline import Headline, headline
from automl.report.numbers.overview import Overview, overview
from automl.report.numbers.parameters import fixed_parameters
from automl.report.numbers.search import Effort, effort
from automl.report.numbers.trials import Floats, StudyTable, study_table
from automl.setting_words import differing_settings
from storage.records import ParameterValue, StudyRecords

Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting or parameter in which the studies are not alike; one text per study."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """The best validation loss so far against the epochs spent.

    Shape:
        epochs, best, low, high: (M,), one per improvement and one at the end; low and high
        are the 95 % interval of that trial's validation loss over validation rows.
    """

    name: str
    epochs: Floats
    best: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class ComparedStudy:
    """One study of a comparison."""

    name: str
    headline: Headline
    overview: Overview
    configuration: Mapping[str, ParameterValue]  # of the best trial, with what the space fixes
    effort: Effort
    progress: Progress


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more studies side by side."""

    studies: tuple[ComparedStudy, ...]
    differences: tuple[Difference, ...]
    is_comparable: bool  # same data, target, split and loss: their losses mean the same
    loss: str


def compare(studies: Sequence[StudyRecords]) -> Comparison:
    """Put studies side by side."""
    tables = [study_table(records) for records in studies]
    names = _distinct([records.settings.study_name for records in studies])
    settings = [records.settings for records in studies]
    comparable = {(s.data_fingerprint, s.target, str(s.split), s.loss) for s in settings}
    return Comparison(
        studies=tuple(
            ComparedStudy(
                name,
                headline(table.records),
                overview(table),
                _configuration(table),
                effort(table),
                progress(name, table),
            )
            for name, table in zip(names, tables, strict=True)
        ),
        differences=_differences(studies),
        is_comparable=len(comparable) == 1,
        loss=settings[0].loss if settings else "",
    )


def _configuration(table: StudyTable) -> dict[str, ParameterValue]:
    best = table.best
    return {**fixed_parameters(table.records.settings), **best.params} if best else {}


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that can serve as a legend: a second study of one name (another file) is numbered."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct


def progress(name: str, table: StudyTable) -> Progress:
    """Follow the trials in the order they ended."""
    spent, best = 0, math.inf
    points: list[tuple[float, float, float]] = []
    for trial in sorted(table.trials, key=lambda t: (t.finished_at or math.inf, t.number)):
        spent += trial.effort.n_epochs
        if trial.is_ranked and trial.value < best and len(trial.curve):
            best = trial.value
            error = trial.standard_error
            points.append((float(spent), best, error if math.isfinite(error) else 0.0))
    if points:
        points.append((float(spent), *points[-1][1:]))
    epochs, values, errors = np.array(points, dtype=np.float64).reshape(-1, 3).T
    return Progress(name, epochs, values, values - Z_95 * errors, values + Z_95 * errors)


def _differences(studies: Sequence[StudyRecords]) -> tuple[Difference, ...]:
    """What studies were made with, where it is not alike, in the words of the options."""
    rows = {
        "data": tuple(records.settings.data_source for records in studies),
        "content of the data": tuple(
            records.settings.data_fingerprint[:12] for records in studies
        ),
        **differing_settings([records.settings for records in studies]),
        "--sampler": tuple(_policies(records, "sampler") for records in studies),
        "--pruner": tuple(_policies(records, "pruner") for records in studies),
    }
    return tuple(Difference(name, values) for name, values in rows.items() if len(set(values)) > 1)


def _policies(records: StudyRecords, kind: str) -> str:
    """One after the other, where calls changed them."""
    return ", then ".join(dict.fromkeys(str(getattr(one, kind)) for one in records.policies))
