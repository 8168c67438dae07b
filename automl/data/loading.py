"""The front door: a file, frame or arrays go in, encoded and split data come out.

    read -> target -> column plans -> typed columns -> split -> one preprocessor per fold -> checks

Everything that can be wrong with a table is found here, before a study is made, and told in
one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.checks import check_data
from automl.data.column_inference import infer_columns
from automl.data.columns import ColumnPlan, dates, numbers, typed_columns
from automl.data.dataset import Dataset
from automl.data.descriptions import describe
from automl.data.folds import make_fold
from automl.data.preprocessing import Preprocessor, fit_preprocessor
from automl.data.sources import Table, fingerprint, read_table, require_column
from automl.data.splits import (
    TEST_FRACTION,
    VALID_FRACTION,
    RowFacts,
    split_rows,
    strata,
)
from automl.data.targets import Target, infer_target, present_targets
from automl.errors import ConfigError, DataError
from storage.records import DataCheckRecord, Json, Task

MIN_ROWS = 10
"""Fewer cannot be split into 60/20/20 with two rows to validate and two to test."""


ROLES = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class ColumnChoices:
    """What a person says about columns; all others are inferred."""

    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitChoices:
    """How rows are divided into train, valid and test rows."""

    valid: Any = None  # a source with its own rows, of the same columns
    test: Any = None
    group: str | None = None  # rows of one group stay together
    time: str | None = None  # train rows come first, test rows last
    n_folds: int | None = None  # None: 5 where there are fewer than 1,000 rows, else 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LoadedData:
    """The data of a study with everything there is to say about them."""

    dataset: Dataset
    preprocessors: tuple[Preprocessor, ...]  # one per fold
    name: str  # "titanic" for datasets/titanic.csv.gz, "digits" for sklearn:digits, else "data"
    source: str  # as the person gave it, or "DataFrame", "arrays"
    target: str  # the target's column
    task: Task
    loss: str
    class_names: tuple[str, ...]  # () for regression
    columns: Mapping[str, str]  # column -> kind, or "dropped: why"
    messages: tuple[str, ...]  # lines for a person, in the order things happened
    data_checks: tuple[DataCheckRecord, ...]
    fingerprint: str  # of the content: the same for a file, its gzip and its DataFrame
    split: Mapping[str, Json]  # for StudySettings.split
    n_rows: Mapping[str, int]  # train, valid (of the first fold) and test


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one source, those without a target left out; the index keeps row numbers."""

    features: pd.DataFrame
    targets: pd.Series[Any]
    n_without_target: int


def load_dataset(
    source: Any,
    *,
    target: str | None = None,
    task: Task | None = None,
    loss: str | None = None,
    columns: ColumnChoices | None = None,
    splits: SplitChoices | None = None,
    class_weights: bool = False,
) -> LoadedData:
    """Read, understand, check, split and encode a table.

    Args:
        source: a path (.csv, .tsv, .txt, .parquet, .npz, each also .gz), "sklearn:NAME", a
            DataFrame, a tuple (x, y), or a mapping of arrays with the keys of an .npz file.
        target: the column to predict; None where the source itself has one (`sklearn:`,
            `.npz`, arrays).
        task: None: inferred from the target.
        loss: None: the task's usual one.
        class_weights: weigh classes in the training objective inversely to their frequency.

    Raises:
        DataError: in one line, with the rule, the value and the fix.
        ConfigError: an option has a value it cannot have.
    """
    columns, splits = columns or ColumnChoices(), splits or SplitChoices()
    tables = _read_tables(source, splits)
    table = tables["train"]
    target = _target_name(table, target)
    _check_choices(table.frame, target, columns, splits)
    parts = {role: _part(part, target, role) for role, part in tables.items()}
    goal = infer_target(target, parts["train"].targets, task, loss)
    if class_weights and goal.task == "regression":
        raise ConfigError("class weights need classes, but the task is regression")
    plans = _plan_columns(parts["train"].features, columns, splits)
    typed = pd.concat([typed_columns(part.features, plans) for part in parts.values()])
    targets = np.concatenate([_encode(goal, part.targets) for part in parts.values()])
    facts = _row_facts(parts, goal, targets, splits)
    split = split_rows(facts, n_folds=splits.n_folds, seed=splits.seed)
    preprocessors = tuple(fit_preprocessor(plans, typed.iloc[train]) for train, _ in split.folds)
    folds = tuple(
        make_fold(fitted, typed, targets, rows, split.test, goal, weigh_classes=class_weights)
        for fitted, rows in zip(preprocessors, split.folds, strict=True)
    )
    n_inputs = folds[0].n_features + len(folds[0].cardinalities)
    checks = check_data(
        typed, targets, split, goal, plans=plans, time_column=splits.time, n_inputs=n_inputs
    )
    lines = describe(
        goal, parts["train"].targets, plans, split, checks=checks, is_inferred=task is None
    )
    return LoadedData(
        dataset=Dataset(goal.task, goal.loss, goal.n_classes, folds),
        preprocessors=preprocessors,
        name=table.name,
        source=table.source,
        target=target,
        task=goal.task,
        loss=goal.loss,
        class_names=goal.class_names,
        columns={plan.name: plan.described for plan in plans},
        messages=(*_reading_messages(tables, parts, target), *lines),
        data_checks=(*_missing_target_checks(target, parts), *checks),
        fingerprint=fingerprint(*(tables[r].frame if r in tables else None for r in ROLES)),
        split=_described_split(splits, tables, len(split.folds)),
        n_rows={name: len(getattr(folds[0], name)) for name in ROLES},
    )


def _read_tables(source: Any, splits: SplitChoices) -> dict[str, Table]:
    """The table to divide ("train"), and those that came with rows for one use."""
    tables = {"train": read_table(source)}
    if splits.valid is not None:
        tables["valid"] = read_table(splits.valid)
    if splits.test is not None:
        tables["test"] = read_table(splits.test)
    elif (own_test := tables["train"].test_frame) is not None:
        tables["test"] = Table(own_test, tables["train"].name, tables["train"].source)
    return tables


def _target_name(table: Table, target: str | None) -> str:
    if target is None and table.target is None:
        raise DataError(
            f"a target must be named, one of the columns of {table.name}: "
            f"{', '.join(map(str, table.frame.columns[-5:]))} ...; use --target"
        )
    name = (target if target is not None else str(table.target)).strip()
    require_column(table.frame, name, "--target")
    return name


def _check_choices(
    frame: pd.DataFrame, target: str, columns: ColumnChoices, splits: SplitChoices
) -> None:
    named = {
        "--drop": columns.drop,
        "--categorical": columns.categorical,
        "--numeric": columns.numeric,
        "--group": (splits.group,) if splits.group is not None else (),
        "--time": (splits.time,) if splits.time is not None else (),
    }
    for role, names in named.items():
        for name in names:
            require_column(frame, name, role)
            if name == target:
                raise DataError(f"{role} must name a feature, but {name!r} is the target")
    kinds = ("--drop", "--categorical", "--numeric")
    for name in frame.columns:
        roles = [role for role in kinds if name in named[role]]
        if len(roles) > 1:
            raise DataError(f"a column has one kind, but {name!r} is in {' and '.join(roles)}")


def _part(table: Table, target: str, role: str) -> _Part:
    if target not in table.frame.columns:
        raise DataError(
            f"the {role} rows must have the target, but {table.source} has no column {target!r}"
        )
    present = present_targets(table.frame[target])
    if not present.any():
        raise DataError(
            f"the target must have values, but {target!r} is missing in every row of "
            f"{table.source}; choose another target"
        )
    if role == "train" and present.sum() < MIN_ROWS:
        raise DataError(
            f"a table must have at least {MIN_ROWS} rows with a target, but {table.source} has "
            f"{int(present.sum())}"
        )
    rows = table.frame[present]
    return _Part(rows.drop(columns=target), rows[target], int((~present).sum()))


def _plan_columns(
    features: pd.DataFrame, columns: ColumnChoices, splits: SplitChoices
) -> tuple[ColumnPlan, ...]:
    left_out = {name: ColumnPlan(name, "dropped", "asked for") for name in columns.drop}
    if splits.group is not None:
        left_out[splits.group] = ColumnPlan(splits.group, "dropped", "group")
    inferred = infer_columns(
        features.drop(columns=list(left_out)),
        categorical=columns.categorical,
        numeric=columns.numeric,
    )
    by_name = left_out | {plan.name: plan for plan in inferred}
    plans = tuple(by_name[name] for name in features.columns)
    if not plans:
        raise DataError("a table must have columns beside the target, but it has none")
    if all(plan.kind == "dropped" for plan in plans):
        reasons = sorted({plan.reason for plan in plans})
        raise DataError(
            "at least one column must vary and be usable as input, but every column beside the "
            f"target is dropped as {' or '.join(reasons)}; bring other columns, or "
            "keep one with --categorical or --numeric"
        )
    return plans


def _encode(goal: Target, values: pd.Series[Any]) -> NDArray[Any]:
    encoded = goal.encode(values)
    wrong = encoded < 0 if goal.task != "regression" else ~np.isfinite(encoded)
    if wrong.any():
        example = values[wrong].iloc[0]
        rule = "be finite numbers" if goal.task == "regression" else "have the table's classes"
        raise DataError(
            f"targets must {rule}, but {goal.name!r} is {str(example)!r} in row "
            f"{values.index[wrong][0]} of the valid or test rows"
        )
    return encoded


def _row_facts(
    parts: Mapping[str, _Part], goal: Target, targets: NDArray[Any], splits: SplitChoices
) -> RowFacts:
    part = np.concatenate(
        [
            np.full(len(rows.targets), ROLES.index(role), dtype=np.int8)
            for role, rows in parts.items()
        ]
    )
    features = parts["train"].features
    groups = times = None
    others = np.zeros(np.count_nonzero(part))  # in files of their own: never divided
    if splits.group is not None:
        groups = np.append(_groups(features[splits.group]), others).astype(np.int64)
    if splits.time is not None:
        times = np.append(_moments(features[splits.time]), others)
    return RowFacts(strata(targets, goal.task), part, groups, times)


def _groups(values: pd.Series[Any]) -> NDArray[np.int64]:
    groups, _ = pd.factorize(values)
    if (groups < 0).any():
        raise DataError(
            f"every row must have a group, but {values.name!r} is empty in "
            f"{int((groups < 0).sum())} rows; fill them or group by another column"
        )
    return groups


def _moments(values: pd.Series[Any]) -> NDArray[np.float64]:
    """A time column as numbers: as they are, or days since 1970."""
    (plan,) = infer_columns(values.to_frame(), numeric=())
    if plan.kind == "date":
        moments = dates(values, plan.date_format)
        read = np.where(moments.isna(), np.nan, moments.astype("int64").to_numpy(dtype=np.float64))
    else:
        read = numbers(values)
    if not np.isfinite(read).all():
        example = values[~np.isfinite(read)].iloc[0]
        raise DataError(
            f"--time must name a column of dates or numbers without gaps, but {values.name!r} "
            f"holds {str(example)!r}"
        )
    return read


def _missing_target_checks(target: str, parts: Mapping[str, _Part]) -> list[DataCheckRecord]:
    return [
        DataCheckRecord("missing_target", target, float(part.n_without_target), {"rows": role})
        for role, part in parts.items()
        if part.n_without_target
    ]


def _reading_messages(
    tables: Mapping[str, Table], parts: Mapping[str, _Part], target: str
) -> list[str]:
    lines = [line for table in tables.values() for line in table.messages]
    for role, part in parts.items():
        if part.n_without_target:
            rows = "rows" if role == "train" else f"{role} rows"
            lines.append(f"{part.n_without_target} {rows} without {target} are left out")
    return lines


def _described_split(
    splits: SplitChoices, tables: Mapping[str, Table], n_folds: int
) -> dict[str, Json]:
    kind = "group" if splits.group is not None else "time" if splits.time is not None else "random"
    return {
        "kind": kind,
        "valid_fraction": VALID_FRACTION,
        "test_fraction": TEST_FRACTION,
        "n_folds": n_folds,
        "group": splits.group,
        "time": splits.time,
        "valid": tables["valid"].source if "valid" in tables else None,
        "test": tables["test"].source if "test" in tables else None,
        "seed": splits.seed,
    }
