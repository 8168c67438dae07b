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

from automl.data.checks import check_data
from automl.data.choices import ColumnChoices, SplitChoices
from automl.data.column_inference import infer_columns
from automl.data.columns import ColumnPlan, typed_columns
from automl.data.dataset import Dataset
from automl.data.descriptions import describe
from automl.data.folds import make_fold
from automl.data.parts import ROLES, Part, encode_targets, make_part, row_facts
from automl.data.preprocessing import Preprocessor, fit_preprocessor
from automl.data.reading import RawData, read_raw_data
from automl.data.sources import Table, fingerprint
from automl.data.splits import TEST_FRACTION, VALID_FRACTION, split_rows
from automl.data.targets import ClassType, infer_target
from automl.errors import ConfigError, DataError
from storage.records import DataCheckRecord, Json, Task


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
    class_type: ClassType  # what they are in the target's own column
    columns: Mapping[str, str]  # column -> kind, or "dropped: why"
    messages: tuple[str, ...]  # lines for a person, in the order things happened
    data_checks: tuple[DataCheckRecord, ...]
    fingerprint: str  # of the content: the same for a file, its gzip and its DataFrame
    split: Mapping[str, Json]  # for StudySettings.split
    n_rows: Mapping[str, int]  # train, valid (of the first fold) and test


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
    raw = read_raw_data(source, target=target, columns=columns, splits=splits)
    return encode_raw_data(raw, task=task, loss=loss, class_weights=class_weights)


def encode_raw_data(
    raw: RawData,
    *,
    task: Task | None = None,
    loss: str | None = None,
    class_weights: bool = False,
) -> LoadedData:
    """The second half of `load_dataset`: understand, split and encode tables that were read.

    Raises:
        DataError, ConfigError: as for `load_dataset`.
    """
    tables, target, columns, splits = raw.tables, raw.target, raw.columns, raw.splits
    parts = {role: make_part(part, target, role) for role, part in tables.items()}
    goal = infer_target(target, parts["train"].targets, task, loss)
    if class_weights and goal.task == "regression":
        raise ConfigError("class weights need classes, but the task is regression")
    plans = _plan_columns(parts["train"].features, columns, splits)
    typed = pd.concat([typed_columns(part.features, plans) for part in parts.values()])
    targets = np.concatenate([encode_targets(goal, part.targets) for part in parts.values()])
    facts = row_facts(parts, goal, targets, splits)
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
        name=tables["train"].name,
        source=tables["train"].source,
        target=target,
        task=goal.task,
        loss=goal.loss,
        class_names=goal.class_names,
        class_type=goal.class_type,
        columns={plan.name: plan.described for plan in plans},
        messages=(*_reading_messages(tables, parts, target), *lines),
        data_checks=(*_missing_target_checks(target, parts), *checks),
        fingerprint=fingerprint(*(tables[r].frame if r in tables else None for r in ROLES)),
        split=_described_split(splits, tables, len(split.folds)),
        n_rows={name: len(getattr(folds[0], name)) for name in ROLES},
    )


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


def _missing_target_checks(target: str, parts: Mapping[str, Part]) -> list[DataCheckRecord]:
    return [
        DataCheckRecord("missing_target", target, float(part.n_without_target), {"rows": role})
        for role, part in parts.items()
        if part.n_without_target
    ]


def _reading_messages(
    tables: Mapping[str, Table], parts: Mapping[str, Part], target: str
) -> list[str]:
    lines = [line for table in tables.values() for line in table.messages]
    for role, part in parts.items():
        if part.n_without_target:
            rows = "rows" if role == "train" else f"{role} rows"
            lines.append(f"{rows} without {target}, left out: {part.n_without_target}")
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
