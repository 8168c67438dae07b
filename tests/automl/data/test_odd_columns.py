"""Columns as people write them: what each is read as, and what is said of it.

`ODD_COLUMNS` is also what the documentation says about this, so its words are for people. The
cells are those of a CSV file, repeated; a column of noise and a target stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data import ColumnOptions, LoadedData, SplitOptions, load_dataset
from automl.data.table.cell_memory import CellMemory
from automl.data.table.new_rows import read_rows

N_ROWS = 120


@dataclass(frozen=True)
class OddColumn:
    """A column in a file, and what becomes of it."""

    cells: tuple[str, ...]
    becomes: str  # for people
    kind: str  # as a search shows it
    read: tuple[Any, ...] = ()  # what the first cells are as; None: missing
    said: str = ""  # of a line that a person is told, but for the column's name
    choices: Mapping[str, Any] = field(default_factory=dict)
    repeats: bool = True  # False: each cell stands once, with its number


ODD_COLUMNS = (
    OddColumn(
        ("007", "012", "A12", "B07"),
        "Categories that keep their text, alone in a file as beside others.",
        "categorical",
        ("007", "012", "A12", "B07"),
    ),
    OddColumn(
        ("1.10", "1.9", "2.0-rc"), "The same: 1.10 is not 1.1.", "categorical", ("1.10", "1.9")
    ),
    OddColumn(
        ("02116", "10001", "94103"),
        "Digits with zeros in front are codes, so categories; 2116 is 02116 again.",
        "categorical",
        ("02116", "10001"),
        "holds codes with zeros in front: read as categories (--numeric reads numbers)",
    ),
    OddColumn(
        ("39,55", "41,74", "NA", "-"),
        "Numbers; NA and - are missing.",
        "numeric",
        (39.55, 41.74, None, None),
        "is numeric: '39,55' is read as 39.55, written with a decimal comma",
    ),
    OddColumn(
        ("1,250", "950", "12,000"),
        "Numbers: beside 950 the comma cannot be a decimal one.",
        "numeric",
        (1250.0, 950.0, 12000.0),
        "is numeric: '1,250' is read as 1250, written with a comma between thousands",
    ),
    OddColumn(
        ("1.250,50", "950"),
        "Numbers.",
        "numeric",
        (1250.5, 950.0),
        "'1.250,50' is read as 1250.5, written with a decimal comma and a point between thousands",
    ),
    OddColumn(("1 250", "12 500"), "Numbers.", "numeric", (1250.0, 12500.0)),
    OddColumn(("1'250", "12'500"), "Numbers.", "numeric", (1250.0, 12500.0)),
    OddColumn(
        ("53.8%", "39.5%"),
        "Numbers, as they stand: 53.8.",
        "numeric",
        (53.8, 39.5),
        "is numeric: '53.8%' is read as 53.8, in %",
    ),
    OddColumn(("$1,250.50", "$3"), "Numbers.", "numeric", (1250.5, 3.0), "in $"),
    OddColumn(("12 kg", "7.5 kg"), "Numbers.", "numeric", (12.0, 7.5), "in kg"),
    OddColumn(("\u22125", "3", "(2)"), "Numbers: -5, 3, -2.", "numeric", (-5.0, 3.0, -2.0)),
    OddColumn(
        ("<0.5", "12.5", "7.25*", "3"),
        "Numbers: 0.5, 12.5, 7.25, 3.",
        "numeric",
        (0.5, 12.5, 7.25, 3.0),
        "is numeric: '<0.5' is read as 0.5, 60 cells are not exact",
    ),
    OddColumn(
        ("1:30:00", "0:15:20"),
        "Numbers, in seconds.",
        "numeric",
        (5400.0, 920.0),
        "is numeric: '1:30:00' is read as 5400, read as times in seconds",
    ),
    OddColumn(
        ("yes", "no", "NULL"), "Yes is 1, no is 0, NULL is missing.", "boolean", (1.0, 0.0, None)
    ),
    OddColumn(
        ("0", "1", "1"),
        "0 and 1. In rows to predict, a 2 is the number 2, whatever is beside it, and said.",
        "boolean",
        (0.0, 1.0),
    ),
    OddColumn(
        ("2021-08-17", "2022-01-02", "NULL"),
        "A date; NULL is missing.",
        "date",
        (18856.0, 18994.0, None),
    ),
    OddColumn(
        ("05/19/2022 04:25 PM", "08/17/2021 09:08 AM"),
        "A date with time.",
        "date",
        (19131 + 985 / 1440,),
    ),
    OddColumn(
        ("01/02/2023", "03/04/2023"),
        "A date, month before day where both are possible.",
        "date",
        (19359.0, 19420.0),
        "is read as dates %m/%d/%Y: check day and month",
    ),
    OddColumn(
        ("17 August 2021", "1 May 2020"),
        "A date; so are `Aug 17, 2021`, `17-Aug-21`, RFC and ISO dates with a zone, `01/02/23`.",
        "date",
        (18856.0, 18383.0),
    ),
    OddColumn(
        (*("2021-03-04", "2022-01-02") * 10, "9999-12-31"),
        "A date; 9999-12-31 and 0001-01-01 say never: missing.",
        "date",
        (18690.0,),
        "is a date; cells that are no dates count as missing: 5, such as '9999-12-31'",
    ),
    OddColumn(
        ("20240131", "20240201"),
        "Numbers, but dates with `--date`.",
        "date",
        (19753.0, 19754.0),
        choices={"date": ("x",)},
    ),
    OddColumn(
        (*map(str, range(1, 40)), "n.v.t."),
        "Numbers; what is none counts as missing, where most cells are numbers.",
        "numeric",
        (1.0, 2.0),
        "is numeric: cells that are no numbers count as missing: 3, such as 'n.v.t.'",
    ),
    OddColumn(
        ("{i}", "{i}", "{i}", "{i} B"),
        "Left out, with the true reason; `--numeric` makes numbers of it.",
        "dropped: 75 % numbers, but '4 B' is not",
        said="dropped as 75 % numbers, but '4 B' is not: x (keep with --numeric: other cells "
        "count as missing; or --categorical)",
        repeats=False,
    ),
    OddColumn(
        ("{i}", "{i}", "{i}", "{i} B"),
        "With `--numeric`: numbers, and what is none is missing.",
        "numeric",
        (1.0, 2.0, 3.0, None),
        "is numeric: cells that are no numbers count as missing: 30, such as '4 B', '8 B', '12 B'",
        choices={"numeric": ("x",)},
        repeats=False,
    ),
    OddColumn(
        ("1.5", "2.25", "0.75", "3.5", "-999"),
        "-999 is a number, but suspected to mean missing.",
        "numeric",
        (1.5, 2.25, 0.75, 3.5, -999.0),
        "unlike its other numbers: if that means missing, use --missing 'x=-999'",
    ),
    OddColumn(
        ("1.5", "2.25", "0.75", "3.5", "-999"),
        "With `--missing x=-999` it is missing.",
        "numeric",
        (1.5, 2.25, 0.75, 3.5, None),
        choices={"missing": ("x=-999",)},
    ),
    OddColumn(
        ("NA", "None", "attached"),
        'Categories, all three: NA and None say "has none" in many tables.',
        "categorical",
        ("NA", "None", "attached"),
    ),
)


def cells_of(odd: OddColumn) -> list[str]:
    cells = [odd.cells[i % len(odd.cells)] for i in range(N_ROWS)]
    return cells if odd.repeats else [cell.format(i=i) for i, cell in enumerate(cells, start=1)]


def load(odd: OddColumn, folder: Path) -> tuple[LoadedData, Path]:
    generator = np.random.default_rng(0)
    noise = generator.normal(size=N_ROWS).round(6)
    target = generator.choice(["yes", "no"], N_ROWS)
    path = folder / "table.csv"
    pd.DataFrame({"x": cells_of(odd), "noise": noise, "y": target}).to_csv(path, index=False)
    columns, splits = ColumnOptions(**odd.choices), SplitOptions(folds=1)
    return load_dataset(path, target="y", columns=columns, splits=splits), path


@pytest.mark.parametrize("odd", ODD_COLUMNS, ids=lambda odd: f"{odd.cells[0]} {odd.kind}")
def test_a_column_becomes_what_the_documentation_says(odd: OddColumn, tmp_path: Path) -> None:
    data, path = load(odd, tmp_path)
    assert data.columns["x"] == odd.kind
    assert odd.said in "\n".join(data.messages)
    plans = data.encoders[0].plans
    typed = read_rows(path, plans).rows.typed
    name = "x: days" if odd.kind == "date" else "x"
    found = [] if odd.kind.startswith("dropped") else typed[name].tolist()[: len(odd.read)]
    expected = [np.nan if value is None else value for value in odd.read]
    if odd.kind == "categorical":
        assert found == expected
    else:
        assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("odd", ODD_COLUMNS, ids=lambda odd: f"{odd.cells[0]} {odd.kind}")
def test_each_row_alone_is_read_like_beside_all_others(odd: OddColumn, tmp_path: Path) -> None:
    """In a file, in a frame that a person made of the same texts, and as one row of cells."""
    data, path = load(odd, tmp_path)
    plans = data.encoders[0].plans
    together = read_rows(path, plans).rows.typed
    memory = CellMemory(plans)
    for row, cell in enumerate(cells_of(odd)[: len(odd.cells)]):
        expected = together.drop(columns="noise").iloc[row].tolist()
        alone = pd.DataFrame({"x": [cell], "noise": [0.5]})
        alone.to_csv(tmp_path / "alone.csv", index=False)
        row_of_cells = {"x": cell, "noise": 0.5}
        for source, known in (
            *((alone, None), (tmp_path / "alone.csv", None), (alone, memory)),
            *((row_of_cells, memory), (row_of_cells, memory)),
        ):
            read = read_rows(source, plans, memory=known).rows.typed
            read = read.drop(columns="noise").iloc[0].tolist()
            np.testing.assert_array_equal(read, expected)
