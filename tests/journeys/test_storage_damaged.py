"""Every text and JSON column, damaged in many ways: one clear error, from whichever door.

Only the project's own errors may come out of reading, judging, reporting, examining and going
on with a study, and `automl doctor` names each row that cannot be read.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import automl
from automl.errors import AutoMLError
from automl.studies import diagnose, load_study, study_names
from storage import StorageError, examine, optuna_schema, tables

OWN = AutoMLError
STUDY = "iris"
BIG = 10**30

DAMAGES: dict[str, Callable[[str], str | None]] = {
    "truncated": lambda text: text[: len(text) // 2] if len(text) > 1 else "{",
    "null": lambda text: "null",
    "list": lambda text: "[]",
    "mapping": lambda text: "{}",
    "number": lambda text: "7",
    "text": lambda text: '"7"',
    "NaN": lambda text: "NaN",
    "deep": lambda text: "[" * 100_000 + "]" * 100_000,
    "nested": lambda text: '{"a": ' * 800 + "1" + "}" * 800,
    "numbers as texts": lambda text: _each_number(text, '"{}"'),
    "absurd numbers": lambda text: _each_number(text, str(BIG)),
    "lists of numbers": lambda text: _each_number(text, "[{}]"),
    "no keys": lambda text: text.replace('": ', '_": '),
}


_NUMBER = re.compile(r"(?<![\w\"#.-])-?\d+(\.\d+)?(e-?\d+)?(?![\w\"])")


def _each_number(text: str, form: str) -> str:
    return _NUMBER.sub(lambda number: form.format(number[0]), text)


def columns() -> Iterator[tuple[str, str]]:
    """The text and JSON columns of our tables, and Optuna's attributes and parameters."""
    for table in tables.OF_A_STUDY:
        for column in table.c:
            if isinstance(column.type, tables.Json) or hasattr(column.type, "length"):
                yield table.name, column.name
    for attributes in (
        optuna_schema.STUDY_USER_ATTRIBUTES,
        optuna_schema.STUDY_SYSTEM_ATTRIBUTES,
        optuna_schema.USER_ATTRIBUTES,
        optuna_schema.SYSTEM_ATTRIBUTES,
    ):
        yield attributes.name, "value_json"
    yield optuna_schema.PARAMS.name, "distribution_json"
    yield optuna_schema.TRIALS.name, "state"


def search(url: str, n_trials: int) -> automl.SearchResult:
    return automl.search(
        "sklearn:iris", study=STUDY, storage=url, n_trials=n_trials, folds=1, max_epochs=4,
        workers=1, set=["batch_size=16,32"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A searched study as SQL, so that every copy is made quickly."""
    folder = tmp_path_factory.mktemp("whole")
    url = f"sqlite:///{folder}/automl.db"
    search(url, 6)
    diagnose(STUDY, url)
    return (folder / "automl.db").read_bytes()


def damaged_copy(whole: bytes, place: Path, table: str, column: str, damage: str) -> bool:
    """Write the database with one column damaged; False if no row changed."""
    for each in place.parent.glob("automl.db*"):
        each.unlink()
    place.write_bytes(whole)
    connection = sqlite3.connect(place)
    connection.create_function("damage", 1, lambda text: DAMAGES[damage](str(text)))
    with connection:
        name = f'"{column}"'  # "references" is a word of SQL's own
        changed = connection.execute(
            f"UPDATE OR IGNORE {table} SET {name} = damage({name}) "
            f"WHERE {name} IS NOT NULL AND {name} != damage({name})"
        ).rowcount
    connection.close()
    return changed > 0


def actions(url: str, folder: Path) -> dict[str, Callable[[], object]]:
    return {
        "studies": lambda: study_names(url),
        "show": lambda: load_study(STUDY, url).to_json(),
        "doctor": lambda: examine(url),
        "report": lambda: load_study(STUDY, url).report(folder / "report.html"),
        "model": lambda: load_study(STUDY, url).best_model(),
        "predictions": lambda: load_study(STUDY, url).predictions(),
        "diagnose": lambda: diagnose(STUDY, url),
        "resume": lambda: automl.resume(STUDY, url, n_trials=7, workers=1),
    }


CELLS = (
    ("trials", ("number", "study_id", "datetime_start", "datetime_complete")),
    ("studies", ("study_name",)),
    ("study_directions", ("direction",)),
    ("trial_params", ("param_value",)),
    ("trial_values", ("value", "value_type")),
    ("trial_intermediate_values", ("step", "intermediate_value", "intermediate_value_type")),
    ("automl_epochs", ("n_epochs", "data")),
    ("automl_layers", ("data",)),
    ("automl_runs", ("layer_names",)),
)
"""Columns of other kinds than texts of JSON: numbers, moments, names, bytes."""

LITERALS = ("'NaN'", "''", "0.5", "-1", "7", "9e999", "'[]'", "x'00ff'", "'x'", "1" * 400, "NULL")

CELL_CASES = [
    (table, column, literal) for table, names in CELLS for column in names for literal in LITERALS
]


def examine_rows(url: str) -> list[str]:
    """What the doctor says of the database; the artifacts lie elsewhere here."""
    try:
        return [one.message for one in examine(url) if one.kind not in ("artifact", "leftover")]
    except Exception:  # counted with the actions
        return ["fallen"]


def cell_altered(whole: bytes, place: Path, table: str, column: str, literal: str) -> bool:
    """Write the database with one cell altered; False where the schema refuses it."""
    for each in place.parent.glob("automl.db*"):
        each.unlink()
    place.write_bytes(whole)
    with sqlite3.connect(place) as connection:
        changed = connection.execute(
            f"UPDATE OR IGNORE {table} SET {column} = {literal} WHERE rowid = "
            f"(SELECT min(rowid) FROM {table} WHERE {column} IS NOT NULL)"
        ).rowcount
    connection.close()
    return changed > 0


@pytest.mark.parametrize(
    "share", [0.3, pytest.param(1.0, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
@pytest.mark.filterwarnings("ignore")
def test_whatever_hinders_loading_the_doctor_names(
    whole: bytes, tmp_path: Path, share: float
) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    cases = random.Random(1).sample(CELL_CASES, int(share * len(CELL_CASES)))
    fallen, n_said = [], 0
    for case in cases:
        if not cell_altered(whole, tmp_path / "automl.db", *case):
            continue
        said, refused = set(), False
        for name in ("studies", "show", "doctor"):
            try:
                actions(url, tmp_path)[name]()
            except OWN as error:
                # A study that bears another name now is just not there.
                refused, n_said = refused or isinstance(error, StorageError), n_said + 1
                said.add(str(error))
            except Exception as error:
                fallen.append(f"{name} of {case}: {error!r:.100}")
        if refused and not examine_rows(url):
            fallen.append(f"the doctor is silent on {case}: {said}")
    assert n_said > 10
    assert not fallen, "\n".join(fallen)


CASES = [(*column, damage) for column in columns() for damage in DAMAGES]


def try_all(
    whole: bytes, folder: Path, cases: list[tuple[str, str, str]], names: set[str]
) -> Counter[str]:
    """What came out of each action on each damaged copy."""
    place, tried = folder / "automl.db", Counter[str]()
    url = f"sqlite:///{place}"
    for case in cases:
        if not damaged_copy(whole, place, *case):
            continue
        for name, act in actions(url, folder).items():
            if name not in names:
                continue
            try:
                act()
                tried["went on"] += 1
            except OWN:
                tried["said"] += 1
            except Exception as error:
                tried[f"{name} of {case}: {error!r:.100}"] += 1
    return tried


@pytest.mark.parametrize(
    ("share", "names"),
    [
        (0.25, {"studies", "show", "doctor", "predictions"}),
        pytest.param(
            1.0,
            {"studies", "show", "doctor", "report", "model", "predictions", "diagnose", "resume"},
            marks=[pytest.mark.slow, pytest.mark.timeout(3600)],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_columns_are_said(
    whole: bytes, tmp_path: Path, share: float, names: set[str]
) -> None:
    cases = random.Random(0).sample(CASES, int(share * len(CASES)))
    tried = try_all(whole, tmp_path, cases, names)
    fallen = {name: count for name, count in tried.items() if name not in ("went on", "said")}
    assert tried["said"] > 50
    assert not fallen, "\n".join(fallen)
