"""The checks of a table that fit models, with all that they look at.

Samples of the rows as plain numbers are taken where the table is. The checks may then be run in
another process, which needs neither the table nor pandas; scikit-learn is loaded where they run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from automl.data.table.samples import TreeInputs
from storage.records import DataCheckRecord, Json, Task


@dataclass(frozen=True, slots=True, eq=False)
class LeakSample:
    """Train rows that are asked what gives the target away.

    Attributes:
        targets: class codes or numbers of the same rows.
        sources: the table's column that each of the inputs comes from.
    """

    inputs: TreeInputs
    targets: NDArray[Any]
    target: str
    task: Task
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class ShiftSample:
    """Train rows and others that are asked whether they differ.

    Attributes:
        subject: "train/valid" or "train/test".
        split_by: what divides the rows, see `probes.shift`.
    """

    train: TreeInputs
    other: TreeInputs
    subject: str
    split_by: str


@dataclass(frozen=True, slots=True, eq=False)
class Probing:
    """All of these checks."""

    leaks: LeakSample
    shifts: Sequence[ShiftSample]

    def run(self) -> tuple[DataCheckRecord, ...]:
        """Run them."""
        from automl.data.table.probes import shift

        found = _leakage(self.leaks)
        for each in self.shifts:
            found += shift(each.train, each.other, each.subject, each.split_by)
        return tuple(found)


def _leakage(sample: LeakSample) -> list[DataCheckRecord]:
    """What leaks, with the table's columns that parts of dates come from: those can be dropped."""
    from automl.data.table.leaks import leakage

    found = []
    for record in leakage(sample.inputs, sample.targets, sample.target, sample.task):
        columns = record.details.get("columns", [record.subject])
        names = columns if isinstance(columns, list) else []
        drop: list[Json] = [*dict.fromkeys(sample.sources[str(name)] for name in names)]
        found.append(replace(record, details={**record.details, "drop": drop}))
    return found
