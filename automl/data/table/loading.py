"""The front door: a file, frame or arrays go in, encoded and split data come out.

    read -> understand (target, columns) -> split -> one preprocessor per fold -> checks

Everything that can be wrong with a table is found here, before a study is made, and told in
one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl.data.choices import split_kind
from automl.data.dataset import Dataset
from automl.data.fingerprints import fingerprint
from automl.data.reading import RawData, read_raw_data
from automl.data.sources import Table
from automl.data.splits import TEST_FRACTION, VALID_FRACTION, split_rows
from automl.data.table.checks import check_data
from automl.data.table.descriptions import describe
from automl.data.table.folds import make_fold
from automl.data.table.parts import ROLES, Part, row_facts
from automl.data.table.preprocessing import Preprocessor, fit_preprocessor
from automl.data.table.understanding import understand
from automl.data.targets import ClassType, Target
from automl.errors import ConfigError
from automl.options.search_options import ColumnOptions, SplitOptions
from automl.wording.counts import agree
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
    columns: ColumnOptions | None = None,
    splits: SplitOptions | None = None,
    class_weights: bool = False,
) -> LoadedData:
    """Read, understand, check, split and encode a table.

    Args:
        source: a path (.csv, .tsv, .txt, .jsonl, .json, .arff, .parquet, .npz, each also .gz),
            "sklearn:NAME", a DataFrame, a tuple (x, y), or a mapping of arrays with the keys of
            an .npz file.
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
    tables, splits = raw.tables, raw.splits
    known = understand(raw, task=task, loss=loss)
    goal, plans, typed, targets = known.goal, known.plans, known.typed, known.targets
    if class_weights and goal.task == "regression":
        raise ConfigError("class weights need classes, but the task is regression")
    facts = row_facts(known.parts, goal, targets, splits, plans)
    split = split_rows(facts, n_folds=splits.folds, seed=splits.split_seed)
    preprocessors = tuple(fit_preprocessor(plans, typed.iloc[rows]) for rows, _ in split.folds)
    folds = tuple(
        make_fold(fitted, typed, targets, rows, split.test, goal, weigh_classes=class_weights)
        for fitted, rows in zip(preprocessors, split.folds, strict=True)
    )
    n_inputs = folds[0].encoding.n_features + len(folds[0].encoding.cardinalities)
    checks = check_data(
        typed,
        targets,
        split,
        goal,
        plans=plans,
        parts=known.parts,
        splits=splits,
        n_inputs=n_inputs,
    )
    lines = describe(
        goal, known.parts["train"].targets, plans, split, checks=checks, is_inferred=task is None
    )
    return LoadedData(
        dataset=Dataset(goal.task, goal.loss, goal.n_classes, folds),
        preprocessors=preprocessors,
        name=tables["train"].name,
        source=tables["train"].source,
        target=goal.name,
        task=goal.task,
        loss=goal.loss,
        class_names=goal.class_names,
        class_type=goal.reading.class_type,
        columns={plan.name: plan.described for plan in plans},
        messages=(*_reading_messages(tables, known.parts, goal), *lines, *known.unread),
        data_checks=(*_missing_target_checks(goal.name, known.parts), *checks),
        fingerprint=fingerprint(*(tables[r].frame if r in tables else None for r in ROLES)),
        split=_described_split(splits, tables, len(split.folds)),
        n_rows={name: len(getattr(folds[0], name)) for name in ROLES},
    )


def _missing_target_checks(target: str, parts: Mapping[str, Part]) -> list[DataCheckRecord]:
    return [
        DataCheckRecord("missing_target", target, float(part.n_without_target), {"rows": role})
        for role, part in parts.items()
        if part.n_without_target
    ]


def _reading_messages(
    tables: Mapping[str, Table], parts: Mapping[str, Part], goal: Target
) -> list[str]:
    lines = [line for table in tables.values() for line in table.messages]
    for role, part in parts.items():
        if part.n_without_target:
            rows = "rows" if role == "train" else f"{role} rows"
            line = f"{rows} without {goal.name}, left out: {part.n_without_target}"
            written = [mark for mark in part.marks if mark.strip()]
            if written:
                n_written = sum(part.marks[mark] for mark in written)
                line += f", of which {n_written} {agree(n_written, 'holds', 'hold')} "
                line += ", ".join(repr(mark) for mark in written[:3])
                if goal.task != "regression":
                    line += " (a class? --keep-missing-class)"
            lines.append(line)
    return lines


def _described_split(
    splits: SplitOptions, tables: Mapping[str, Table], n_folds: int
) -> dict[str, Json]:
    return {
        "kind": split_kind(splits),
        "valid_fraction": VALID_FRACTION,
        "test_fraction": TEST_FRACTION,
        "n_folds": n_folds,
        "group": splits.group,
        "time": splits.time,
        "valid": tables["valid"].source if "valid" in tables else None,
        "test": tables["test"].source if "test" in tables else None,
        "seed": splits.split_seed,
    }
