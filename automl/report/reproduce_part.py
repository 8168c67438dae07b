"""The report's last part in words: where the numbers come from, how to get them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from automl.diagnostics.trade_off import limits_in_words
from automl.report.evidence_words import evidence_text
from automl.wording.counts import counted, listing
from automl.wording.epochs import epoch_sentences
from automl.wording.numbers import number_or_dash, percent
from automl.wording.settings import explained, range_text, range_words
from search_spaces.declared import is_foreign
from storage.records import Json, StudyRecords, StudySettings

SPLIT_WORDS: Mapping[str, Callable[[Any], str]] = {
    "n_folds": lambda n: f"{n} folds",
    "valid_fraction": lambda share: f"{percent(share)} validation rows",
    "test_fraction": lambda share: f"{percent(share)} test rows",
    "group": lambda column: f"groups by {column}",
    "time": lambda column: f"in order of {column}",
    "valid": lambda file: f"validation rows from {file}",
    "test": lambda file: f"test rows from {file}",
    "seed": lambda seed: f"seed {seed}",
}
"""The parts of a split, in words."""


def facts(settings: StudySettings) -> list[tuple[str, str]]:
    """Where the numbers come from: the data or the objective, the seed, the versions."""
    created = ""
    if settings.created_at:
        created = datetime.fromtimestamp(settings.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows, n_folds = counted(settings.n_rows), settings.split.get("n_folds", 1)
    if n_folds != 1:
        rows += f"; train and valid in the first of {n_folds} folds"
    of_data = [
        ("Data", settings.data_source),
        ("Fingerprint", settings.data_fingerprint),
        ("Target", f"{settings.target} ({settings.task})"),
        ("Rows", rows),
        ("Inputs", f"{settings.n_features:,} after encoding"),
        ("Split", split_words(settings.split)),
        ("Loss", settings.loss),
        ("Weights of rows", _weights(settings)),
        ("A network at most", limits_in_words(settings)),
    ]
    of_objective = [
        ("Objective", settings.data_source),
        ("Digest of its code", settings.data_fingerprint),
    ]
    pairs = [
        ("Created", created),
        *(of_objective if settings.is_objective else of_data),
        ("Learned from", listing(settings.warm_start)),
        ("Epochs", _epochs(settings)),
        ("Seed", "" if is_foreign(settings.space) else str(settings.seed)),
        ("Versions", ", ".join(f"{name} {v}" for name, v in settings.versions.items())),
    ]
    return [(name, text) for name, text in pairs if text]


def _weights(settings: StudySettings) -> str:
    weight = settings.data_options.get("weight")
    return (
        "" if weight is None else f"{weight}, in all losses and scores; figures of rows count rows"
    )


def _epochs(settings: StudySettings) -> str:
    if is_foreign(settings.space):
        return f"at most {settings.max_epochs}"
    words = f"at most {settings.max_epochs}, patience {settings.patience}"
    return ". ".join(filter(None, [words, epoch_sentences(settings)]))


def split_words(split: Mapping[str, Json]) -> str:
    """How rows were divided, without what was not asked for: "random, 5 folds, 20 % test"."""
    words = [str(split["kind"])] if "kind" in split else []
    for name, describe in SPLIT_WORDS.items():
        if split.get(name) not in (None, "", 1):
            words.append(describe(split[name]))
    words += [
        f"{name.replace('_', ' ')} {evidence_text(value)}"
        for name, value in split.items()
        if name not in ("kind", *SPLIT_WORDS) and value is not None
    ]
    return ", ".join(words)


def columns(settings: StudySettings) -> list[tuple[str, str]]:
    """Columns of the table and how they were read; dropped ones first."""
    return sorted(settings.columns.items(), key=lambda pair: not pair[1].startswith("dropped"))


def space_rows(records: StudyRecords) -> list[tuple[str, str, str, str]]:
    """Parameter, range with what was widened of it, condition, meaning and reason."""
    parameters = cast("Mapping[str, Any]", records.settings.space.get("parameters") or {})
    return [
        (
            name,
            _range(entry) + "".join(_widened(records, name)),
            _condition(entry),
            explained(entry.get("meaning"), entry.get("reason")),
        )
        for name, entry in parameters.items()
    ]


def _range(entry: Mapping[str, Any]) -> str:
    """As `--set` takes it, and whether it is searched on a logarithmic scale."""
    return range_words(entry) + (", log" if entry.get("log") else "")


def _widened(records: StudyRecords, name: str) -> Iterator[str]:
    for look in records.widenings:
        if name in look.ranges:
            yield f"; {range_text(*look.ranges[name])} from trial {look.from_trial_number} on"


def _condition(entry: Mapping[str, Any]) -> str:
    """When a parameter is there: one table of conditions that all hold, or any of several."""
    when = entry.get("when") or []
    tables = [when] if isinstance(when, Mapping) else when
    return ", or ".join(
        " and ".join(
            f"{name} is {' or '.join(map(str, values))}" for name, values in table.items()
        )
        for table in tables
    )


def data_checks(records: StudyRecords) -> list[tuple[str, str, str]]:
    """What was noticed in the data: kind, subject, value."""
    return [
        (check.kind.replace("_", " "), check.subject, number_or_dash(check.value))
        for check in records.data_checks
    ]
