"""Tables that were read go in, encoded and split data come out.

    understand (target, columns) -> split -> one preprocessor per fold -> checks

Everything that can be wrong with a table is found here, before a study is made, and told in
one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from automl.data.choices import described_split
from automl.data.descriptions import describe_weights
from automl.data.fingerprints import fingerprint
from automl.data.folds import Divided, divide
from automl.data.loaded import LoadedData, Probes
from automl.data.sources import Table
from automl.data.table.checks import check_data, prepared_probes
from automl.data.table.descriptions import describe
from automl.data.table.parts import ROLES, Part, row_facts
from automl.data.table.preprocessing import fit_preprocessor
from automl.data.table.reading import RawTables
from automl.data.table.understanding import Understood, understand
from automl.data.targets import Target
from automl.options.data_options import SplitOptions, TargetOptions
from automl.wording.counts import agree
from automl.wording.option_names import named
from storage.records import DataCheckRecord


def load_tables(raw: RawTables, options: TargetOptions) -> LoadedData:
    """Understand, split and encode tables.

    Raises:
        DataError: in one line, with the rule, the value and the fix.
        ConfigError: an option has a value it cannot have.
    """
    tables, splits = raw.tables, raw.splits
    known = understand(raw, task=options.task, loss=options.loss)
    goal, plans, typed, targets = known.goal, known.plans, known.typed, known.targets
    divided = divide(
        typed,
        targets,
        row_facts(known.parts, goal, targets, splits, plans),
        goal,
        fit=lambda rows: fit_preprocessor(plans, typed.iloc[rows]),
        splits=splits,
        weigh_classes=options.class_weights,
        weights=known.weights,
    )
    checks, probes = _checks(known, divided, splits)
    lines = describe(
        goal,
        known.parts["train"].targets,
        plans,
        divided.split,
        checks=checks,
        is_inferred=options.task is None,
    )
    return LoadedData(
        dataset=divided.dataset,
        encoders=divided.encoders,
        goal=goal,
        name=tables["train"].name,
        source=tables["train"].source,
        columns={plan.name: plan.described for plan in plans},
        messages=(
            *_reading_messages(tables, known.parts, goal),
            *_weight_messages(raw.weight, known),
            *lines,
            *known.unread,
        ),
        data_checks=(*_missing_target_checks(goal.name, known.parts), *checks),
        fingerprint=fingerprint(*(tables[r].frame if r in tables else None for r in ROLES)),
        split=described_split(
            splits,
            divided.split,
            {role: table.source for role, table in tables.items()},
        ),
        probes=probes,
    )


def _checks(
    known: Understood, divided: Divided, splits: SplitOptions
) -> tuple[tuple[DataCheckRecord, ...], Probes]:
    """What the checks have found, and those that are to be run later."""
    rows = (known.typed, known.targets, divided.split, known.goal)
    encoding = divided.encoders[0].encoding
    found = check_data(
        *rows,
        plans=known.plans,
        parts=known.parts,
        splits=splits,
        n_inputs=encoding.n_features + len(encoding.cardinalities),
    )
    roles = frozenset(known.parts)  # and not their rows, which would stay in memory
    prepare = partial(prepared_probes, *rows, plans=known.plans, parts=roles, splits=splits)
    return found, Probes(prepare)


def _missing_target_checks(target: str, parts: Mapping[str, Part]) -> list[DataCheckRecord]:
    return [
        DataCheckRecord("missing_target", target, float(part.n_without_target), {"rows": role})
        for role, part in parts.items()
        if part.n_without_target
    ]


def _weight_messages(column: str | None, known: Understood) -> Iterator[str]:
    if column is not None:
        left_out = {role: part.n_of_weight_0 for role, part in known.parts.items()}
        yield from describe_weights(column, left_out, known.weights)


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
                    line += f" (a class? {named('keep_missing_class', True)})"
            lines.append(line)
    return lines
