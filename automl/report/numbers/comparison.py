"""Numbers of the comparison of studies: what differs, and best loss against epochs spent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from automl.report.numbers.overview import Overview, overview
from automl.report.numbers.search import Effort, effort
from automl.report.numbers.trials import Floats, StudyTable, study_table
from storage.records import StudyRecords

Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting in which the studies are not alike; one text per study."""

    group: str  # "Data", "Space", "Training", "Policy"
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
    overview: Overview
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
            ComparedStudy(name, overview(table), effort(table), progress(name, table))
            for name, table in zip(names, tables, strict=True)
        ),
        differences=_differences(studies),
        is_comparable=len(comparable) == 1,
        loss=settings[0].loss if settings else "",
    )


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
    found: list[Difference] = []
    for group, describe in (
        ("Data", _data),
        ("Training", _training),
        ("Policy", _policy),
        ("Space", _space),
    ):
        described = [describe(records) for records in studies]
        for name in dict.fromkeys(name for each in described for name in each):
            values = tuple(
                each.get(name, "not varied" if group == "Space" else "none") for each in described
            )
            if len(set(values)) > 1:
                found.append(Difference(group, name, values))
    return tuple(found)


def _data(records: StudyRecords) -> dict[str, str]:
    settings = records.settings
    return {
        "source": settings.data_source,
        "fingerprint": settings.data_fingerprint[:12],
        "target": settings.target,
        "split": ", ".join(f"{name} {value}" for name, value in settings.split.items()),
    }


def _training(records: StudyRecords) -> dict[str, str]:
    settings = records.settings
    return {
        "loss": settings.loss,
        "max_epochs": str(settings.max_epochs),
        "patience": str(settings.patience),
        "seed": str(settings.seed),
        "class_weights": str(settings.class_weights),
    }


def _policy(records: StudyRecords) -> dict[str, str]:
    return {
        "sampler": ", then ".join(dict.fromkeys(p.sampler for p in records.policies)),
        "pruner": ", then ".join(dict.fromkeys(p.pruner for p in records.policies)),
    }


def _space(records: StudyRecords) -> dict[str, str]:
    parameters = cast("Mapping[str, Any]", records.settings.space.get("parameters") or {})
    return {name: describe_range(entry) for name, entry in parameters.items()}


def describe_range(entry: Mapping[str, Any]) -> str:
    """One parameter of a stored space as a person reads it: "1e-05 .. 0.1, log"."""
    if entry.get("type") == "fixed":
        return f"{entry.get('value')}, fixed"
    if entry.get("type") == "categorical":
        return ", ".join(str(choice) for choice in entry.get("choices") or ())
    text = f"{entry.get('low'):g} .. {entry.get('high'):g}"
    return f"{text}, log" if entry.get("log") else text
