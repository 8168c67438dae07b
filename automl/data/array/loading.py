"""Arrays that were read go in, split data come out, with what there is to say of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.array.encoder import ArrayEncoder
from automl.data.array.reading import ArrayRows, RawArrays
from automl.data.array.values import shape_words
from automl.data.choices import described_split
from automl.data.descriptions import (
    describe_repeated_rows,
    describe_split,
    describe_task,
    describe_weights,
)
from automl.data.fingerprints import fingerprint
from automl.data.folds import divide
from automl.data.loaded import LoadedData
from automl.data.row_weights import joined_weights
from automl.data.splits import RowFacts, RowSplit, strata
from automl.data.table.checks import outliers, rows_per_class
from automl.data.table.parts import MIN_ROWS, ROLES, encode_targets
from automl.data.table.repeated_rows import RawRows, conflicting_rows, duplicated_rows
from automl.data.targets import Target, TargetReading, infer_target, learn_target
from automl.errors import DataError
from automl.options.data_options import DataOptions
from automl.wording.counts import agree, count
from automl.wording.option_names import named
from storage.records import DataCheckRecord


def load_arrays(raw: RawArrays, options: DataOptions) -> LoadedData:
    """Understand the target, split the rows, look at them.

    Raises:
        DataError: in one line, with the rule, the value and the fix.
        ConfigError: an option has a value it cannot have.
    """
    y = raw.parts["train"].y
    name = "y" if y.name is None else str(y.name)
    reading = learn_target(name, y, keep_missing_class=options.keep_missing_class)
    sources = {"train": raw.source, **raw.sources}
    parts = {
        role: _present(rows, reading, name, sources[role]) for role, rows in raw.parts.items()
    }
    goal = infer_target(reading, parts["train"].y, options.task, options.loss)
    x = np.concatenate([rows.x for rows in parts.values()])
    _require_variety(parts["train"].x, raw.name)
    targets = np.concatenate([encode_targets(goal, rows.y) for rows in parts.values()])
    divided = divide(
        x,
        targets,
        _facts(raw, reading, parts, goal, targets),
        goal,
        fit=lambda rows: ArrayEncoder.fit(x[rows]),
        splits=raw.splits,
        weigh_classes=options.class_weights,
        weights=joined_weights(rows.weights for rows in parts.values()),
    )
    checks = _check(x, targets, divided.split, goal)
    lacking = {role: int(reading.missing(rows.y).sum()) for role, rows in raw.parts.items()}
    return LoadedData(
        dataset=divided.dataset,
        encoders=divided.encoders,
        goal=goal,
        name=raw.name,
        source=raw.source,
        columns={"x": f"array of {shape_words(x.shape[1:])}, {x.dtype}"},
        messages=(
            *_lacking_messages(lacking, name),
            *_weight_messages(raw, parts, lacking, options.weight),
            describe_task(goal, parts["train"].y)
            + (f" ({named('task')} overrides)" if options.task is None else ""),
            f"x: {shape_words(x.shape[1:])} values of {x.dtype} per row, given as they are",
            describe_split(divided.split),
            *describe_repeated_rows(checks),
        ),
        data_checks=(
            *_missing_target_checks(lacking, name),
            *checks,
        ),
        fingerprint=_fingerprint(raw),
        split=described_split(raw.splits, divided.split, raw.sources),
    )


def _missing_target_checks(lacking: Mapping[str, int], name: str) -> Iterator[DataCheckRecord]:
    for role, n in lacking.items():
        if n:
            yield DataCheckRecord("missing_target", name, float(n), {"rows": role})


def _weight_messages(
    raw: RawArrays, parts: Mapping[str, ArrayRows], lacking: Mapping[str, int], name: str | None
) -> Iterator[str]:
    """What is said of weights, if there are any.

    Args:
        parts: without the rows that have no target or weigh 0.
        lacking: how many have no target.
        name: of the array of weights.
    """
    if name is not None:
        left_out = {
            role: len(rows.y) - lacking[role] - len(parts[role].y)
            for role, rows in raw.parts.items()
        }
        weights = joined_weights(rows.weights for rows in parts.values())
        yield from describe_weights(name, left_out, weights)


def _present(rows: ArrayRows, reading: TargetReading, name: str, source: str) -> ArrayRows:
    """The rows that have a target, and a weight above 0 if any, numbered from 1."""
    present = _is_present(rows, reading)
    y = rows.y.set_axis(pd.RangeIndex(1, len(rows.y) + 1)).rename(name)
    if not present.any():
        raise DataError(
            f"the target must have values, but {name!r} is missing in every row of {source}"
            f"{'' if rows.weights is None else ', or these weigh 0'}"
        )
    weights = None if rows.weights is None else rows.weights[present]
    return ArrayRows(rows.x[present], y[present], weights)


def _is_present(rows: ArrayRows, reading: TargetReading) -> NDArray[np.bool_]:
    present = ~reading.missing(rows.y)
    return present if rows.weights is None else present & (rows.weights > 0)


def _require_variety(train: NDArray[Any], name: str) -> None:
    if len(train) < MIN_ROWS:
        raise DataError(
            f"arrays must have at least {MIN_ROWS} rows with a target, but {name} has {len(train)}"
        )
    if (train == train.reshape(-1)[0]).all():
        raise DataError(f"x must vary, but every value is {train.reshape(-1)[0]:g}")


def _facts(
    raw: RawArrays,
    reading: TargetReading,
    parts: Mapping[str, ArrayRows],
    goal: Target,
    targets: NDArray[Any],
) -> RowFacts:
    """What the split may look at."""
    part = [np.full(len(rows.y), ROLES.index(role), dtype=np.int8) for role, rows in parts.items()]
    groups = None
    if raw.groups is not None:
        own = raw.groups[_is_present(raw.parts["train"], reading)]
        others = np.zeros(len(targets) - len(own), dtype=np.int64)  # never divided
        groups = np.append(own, others).astype(np.int64)
    return RowFacts(strata(targets, goal.task), np.concatenate(part), groups)


def _check(
    x: NDArray[Any], targets: NDArray[Any], split: RowSplit, goal: Target
) -> tuple[DataCheckRecord, ...]:
    """The checks that mean something of arrays; `table/checks.py` says what they are."""
    train = split.folds[0][0]
    hashes = np.asarray([_hash(row) for row in x], dtype=np.uint64)
    rows = RawRows(hashes, n_possible=math.inf)  # so that equal ones are copies
    nothing = pd.DataFrame(index=range(len(train)))
    n_inputs = x[0].size
    return (
        *(rows_per_class(targets[train], goal) if goal.task != "regression" else ()),
        *duplicated_rows(rows, targets, split),
        *conflicting_rows(hashes[train], targets[train]),
        *outliers(nothing, targets[train], goal),
        DataCheckRecord(
            "rows_per_input",
            "train",
            len(train) / n_inputs,
            {"n_rows": len(train), "n_inputs": n_inputs},
        ),
    )


def _hash(row: NDArray[Any]) -> int:
    return int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little")


def _lacking_messages(lacking: Mapping[str, int], name: str) -> Iterator[str]:
    for role, n in lacking.items():
        if n:
            rows = "row" if role == "train" else f"{role} row"
            yield f"{count(n, rows)} without {name} {agree(n, 'is', 'are')} left out"


def _fingerprint(raw: RawArrays) -> str:
    """A hash of all values, their shape and their order."""
    digest = hashlib.blake2b(digest_size=16)
    for role in ROLES:
        rows = raw.parts.get(role)
        digest.update(role.encode())
        if rows is not None:
            values = rows.x.astype(rows.x.dtype.newbyteorder("<"), copy=False)
            digest.update(repr((rows.x.shape, str(rows.x.dtype))).encode())
            digest.update(np.ascontiguousarray(values).tobytes())
            digest.update(fingerprint(rows.y.rename("y").to_frame()).encode())
            if rows.weights is not None:
                digest.update(rows.weights.astype("<f8").tobytes())
    return digest.hexdigest()
