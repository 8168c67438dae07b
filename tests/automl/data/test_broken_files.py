"""Files as people have them: what each becomes, or which line is told.

`BROKEN_FILES` is also what the documentation says about this, so its words are for people.
"""

from __future__ import annotations

import gzip
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.sources import read_table
from automl.errors import DataError


@dataclass(frozen=True)
class Reads:
    """The table that is read: names, first row, number of rows, and what is said."""

    names: str
    first: str
    n_rows: int
    said: str = ""  # a regular expression of one of the lines


def _rows(n: int = 40, delimiter: str = ",") -> list[str]:
    return [delimiter.join((f"p{i % 10}", f"{i * 0.37:.2f}", "ny"[i % 2])) for i in range(n)]


def _text(*above: str, rows: list[str] | None = None) -> bytes:
    return "\n".join([*above, *(_rows() if rows is None else rows), ""]).encode()


def _changed(changes: dict[int, str], header: str = "part,x,y") -> bytes:
    """A good table in which some lines (from 2, below the header) are other ones."""
    rows = _rows()
    for line, text in changes.items():
        rows[line - 2] = text
    return _text(header, rows=rows)


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _parquet(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pd.DataFrame(columns).to_parquet(stream)
    return stream.getvalue()


_ARFF = "@relation r\n@attribute part string\n@attribute x real\n@attribute y {n,y}\n@data\n"

_LONG_HEADER = ",".join(f"feature_number_{i}" for i in range(22_000))  # longer than a sample

BROKEN_FILES: tuple[tuple[str, str, bytes | Callable[[], bytes], str, str | Reads], ...] = (
    # what a person has; its name; its bytes; what happens; the error, or what is read
    (
        "a row with more cells than the header, as of a number with a comma: `p3,1,250,y`",
        "t.csv",
        _changed({5: "p3,1,250,y"}),
        "An error that names the line, both numbers of cells, and the fix.",
        r"line 5 of t\.csv has 4 cells and the header has 3; quote cells that hold ','",
    ),
    (
        "the first row has more cells than the header",
        "t.csv",
        _changed({2: "p0,1,042,y"}),
        "The same error; nothing is cut, and no column becomes row names.",
        r"line 2 of t\.csv has 4 cells",
    ),
    (
        "every row has a cell more than the header (row names, as R writes them)",
        "t.csv",
        _text("x,y"),
        "The same error: complete the header.",
        r"line 2 of t\.csv has 3 cells and the header has 2; .*complete the header",
    ),
    (
        "empty cells beyond the header, in all rows or in one: `2.04,-2.56,yes,`",
        "t.csv",
        _changed({2: "p0,0.00,n,", 9: "p7,2.59,y,, ,"}),
        "They are let pass.",
        Reads("part,x,y", "p0,0.00,n", 40),
    ),
    (
        "a row with fewer cells than the header, such as a last line that was cut off",
        "t.csv",
        _text("part,x,y") + b"p0,1.",
        "An error that names the line; nothing is filled up.",
        r"line 42 of t\.csv has 2 cells and the header has 3; complete the line \(was the file",
    ),
    (
        "a line of text or a sum below the table, of another width",
        "t.csv",
        _text("part,x,y") + b"\nSource: the office\n",
        "The same error.",
        r"line 43 of t\.csv has 1 cell",
    ),
    (
        "a sum below the table, of its width: `Total,296.40,`",
        "t.csv",
        _text("part,x,y") + b"Total,296.40,\n",
        "It is read as a row; if no other row begins so, this is said.",
        Reads("part,x,y", "p0,0.00,n", 41, r"last row of t\.csv begins with 'Total'"),
    ),
    (
        "empty lines",
        "t.csv",
        _text("part,x,y").replace(b"\np3", b"\n\n \np3"),
        "They are skipped.",
        Reads("part,x,y", "p0,0.00,n", 40),
    ),
    (
        "empty lines between rows of one column",
        "t.csv",
        b"x\n0.5\n\n0.7\n\n",
        "They are rows with an empty cell, which is said; at the end of the file they are none.",
        Reads("x", "0.5", 3, r"empty lines between its rows \(1\) are rows"),
    ),
    (
        "two stray quotes that open cells: all lines between would be one cell",
        "t.csv",
        _changed({12: '"p0,3.70,y', 32: '"p0,11.10,n'}),
        "An error that names the first and the last line.",
        r"opens in line 12 and swallows the lines to 32",
    ),
    (
        "a stray quote at the beginning of a line, another at the end of a later one",
        "t.csv",
        _changed({12: '"p0,3.70,y', 32: 'p0,11.10,n"'}),
        "The same error.",
        r"opens in line 12 and swallows the lines to 32",
    ),
    (
        "two stray quotes that leave the right number of cells",
        "t.csv",
        _changed({12: 'p0,"3.70,y', 14: 'p2,4.44",y'}),
        "The same error: the lines between look like whole rows.",
        r"opens in line 12 and swallows the lines to 14",
    ),
    (
        'a stray quote that moves the ends of cells: `1,"Genf,"a, b"`',
        "t.csv",
        _changed({12: 'p0,"3.70,"a, b"'}),
        "An error that names the line.",
        r"in line 12 of t\.csv a quote inside a cell moves the ends of cells",
    ),
    (
        "a quote that is never closed",
        "t.csv",
        _changed({30: '"p0,3.70,y'}),
        "An error that names the line where it opens.",
        r"a quote that opens in line 30 of t\.csv never is",
    ),
    (
        "quoted cells of several lines, such as addresses",
        "t.csv",
        _changed({3: '"12 Main St,\nSpringfield, IL",1.5,y', 7: '"a\n\nb",2.5,n'}),
        "They are read; it is said how many there are and where the first is.",
        Reads(
            "part,x,y", "p0,0.00,n", 40, r"2 rows that go over several lines, the first in line 3"
        ),
    ),
    (
        'quotes inside a quoted cell that are not doubled: `"a "b" c"`',
        "t.csv",
        _changed({3: '"a "b" c",1.5,y'}),
        "They are read as part of the text, which is said.",
        Reads("part,x,y", "p0,0.00,n", 40, r"line 3 of t\.csv has something between"),
    ),
    (
        "inches and feet: quotes that do not begin a cell",
        "t.csv",
        _changed({2: '5" pipe,0.00,n'}),
        "They are read as they stand.",
        Reads("part,x,y", '5" pipe,0.00,n', 40),
    ),
    (
        "a title above the header",
        "t.csv",
        _text("Report of 2021", "part,x,y"),
        "It is skipped, which is said, if the line below is clearly a header.",
        Reads("part,x,y", "p0,0.00,n", 40, r"without line 1 above the header: 'Report of 2021'"),
    ),
    (
        "a title as a spreadsheet writes it, and a blank line",
        "t.csv",
        _text("Report of 2021,,", ",,", "part,x,y"),
        "The same.",
        Reads("part,x,y", "p0,0.00,n", 40, r"without lines 1 to 2 above the header"),
    ),
    (
        "a title above rows without a header",
        "t.csv",
        _text("Report of 2021", rows=["1,2,3", "4,5,6"]),
        "An error that names the line, and says that the first may be a title.",
        r"line 2 of t\.csv has 3 cells.*if 'Report of 2021' is a title, remove it",
    ),
    (
        "comments above the header that begin with #",
        "t.csv",
        _text("# exported by X, on Monday", "#", "", "part,x,y"),
        "They are skipped, which is said.",
        Reads("part,x,y", "p0,0.00,n", 40, r"without lines 1 to 3 above the header: '# exported"),
    ),
    (
        "a header that begins with #, as NumPy writes it",
        "t.csv",
        _text("# part,x,y"),
        "It is the header; the mark is taken off.",
        Reads("part,x,y", "p0,0.00,n", 40),
    ),
    (
        "`sep=;` above the header, as Excel writes it",
        "t.csv",
        _text("sep=;", "part;x;y", rows=_rows(delimiter=";")),
        "It is obeyed, which is said.",
        Reads("part,x,y", "p0,0.00,n", 40, r"without line 1 above the header"),
    ),
    (
        "no header: numbers only",
        "t.csv",
        _text("5.1,3.5,1.4", "4.9,3.0,1.4", rows=[]),
        "An error that says so, and the fix.",
        r"first line must be a header with names, but that of t\.csv is data \(5\.1, 3\.5, 1\.4\)",
    ),
    (
        "no header: numbers, and classes that come again below",
        "t.csv",
        _text(),
        "The same; in later files, names that are numbers are known by the model's columns.",
        r"first line must be a header with names, but that of t\.csv is data",
    ),
    (
        "a second line of names, or of units, below the header",
        "t.csv",
        _text("part,x,z,y", "-,kg,m,-", rows=[f"p{i % 3},{i}.5,{i},n" for i in range(20)]),
        "An error that says so.",
        r"t\.csv has a second one below it \(-, kg, m, -\); remove one of them",
    ),
    (
        "the header once more in the middle, of files that were joined",
        "t.csv",
        _changed({20: "part,x,y"}),
        "An error that names the line.",
        r"line 20 of t\.csv is the header once more",
    ),
    (
        "a column name twice",
        "t.csv",
        _text("part,x,x "),
        "An error that names it.",
        r"column names must differ, but t\.csv has 'x' 2 times",
    ),
    (
        "a column without a name",
        "t.csv",
        _text(",x,y"),
        "It is called `column 1`.",
        Reads("column 1,x,y", "p0,0.00,n", 40),
    ),
    (
        "a table whose cells are divided by spaces",
        "t.txt",
        _text("part  x   y", rows=[row.replace(",", "   ") for row in _rows()]),
        "It is read, which is said; rows of another length are errors.",
        Reads("part,x,y", "p0,0.00,n", 40, "runs of spaces as the delimiter"),
    ),
    (
        "a row of such a table that lacks a cell",
        "t.txt",
        _text("part  x   y", rows=[*(row.replace(",", "   ") for row in _rows()), "p0    y"]),
        "An error that names the line.",
        r"line 42 of t\.txt has 2 cells and the header has 3",
    ),
    (
        "semicolons and decimal commas",
        "t.csv",
        _text("part;x;y", rows=[row.replace(".", ",") for row in _rows(delimiter=";")]),
        "The delimiter is found and said; what the commas mean is decided by the column.",
        Reads("part,x,y", "p0,0,00,n", 40, "delimiter ';'"),
    ),
    (
        "cells divided by `^`, `~`, `:`, `::` or at fixed widths",
        "t.csv",
        _text("part^x^y", rows=_rows(delimiter="^")),
        "An error that names the sign; `sep=^` above the header has it read.",
        r"those of t\.csv seem to be by '\^' \(part\^x\^y\); write the line sep=\^ above",
    ),
    (
        "Ctrl-Z at the very end, as DOS wrote it",
        "t.csv",
        _text("part,x,y") + b"\x1a",
        "It is let pass.",
        Reads("part,x,y", "p0,0.00,n", 40),
    ),
    (
        "a NUL (a byte of zero) in a text",
        "t.csv",
        _text("part,x,y") + b"\0",
        "An error that names the line.",
        r"must not hold NUL \(a byte of zero\), but line 42 of t\.csv does",
    ),
    (
        "line ends of old Macs (carriage returns alone)",
        "t.csv",
        _text("part,x,y").replace(b"\n", b"\r"),
        "They are read like others.",
        Reads("part,x,y", "p0,0.00,n", 40),
    ),
    (
        "a header of 22,000 columns",
        "t.csv",
        lambda: "\n".join([_LONG_HEADER, ",1" * 21_999]).encode(),
        "It is read.",
        Reads(_LONG_HEADER, "-" + ",1" * 21_999, 1),
    ),
    (
        "ARFF (Weka, OpenML)",
        "t.arff",
        (_ARFF + "% rows\np0,0.00,n\n'a, b',?,y\n").encode(),
        "It is read by its own header: numbers, categories, texts, ? as missing.",
        Reads("part,x,y", "p0,0.0,n", 2),
    ),
    (
        "sparse ARFF",
        "t.arff",
        (_ARFF + "p0,0.00,n\n{1 5, 2 y}\n").encode(),
        "An error that names the line.",
        r"line 7 of t\.arff is sparse",
    ),
    (
        "JSON lines, or a list of objects",
        "t.jsonl",
        b'{"part": "007", "x": 1.5}\n{"part": "b", "x": null, "y": "n"}\n',
        "It is read; values keep their types, keys that are not there are missing.",
        Reads("part,x,y", "007,1.5,-", 2),
    ),
    (
        "JSON with nested values",
        "t.jsonl",
        b'{"part": "a", "x": 1.5}\n{"part": "b", "x": [1, 2]}\n',
        "An error that names the line and the key.",
        r"'x' in line 2 of t\.jsonl is nested",
    ),
    (
        "a workbook, PDF, web page or other file that is no table of text",
        "t.csv",
        b"<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        "An error that says what it is.",
        r"t\.csv must be a table of text, but it is a web page; export it as CSV",
    ),
    (
        "a gzip that is cut off",
        "t.csv.gz",
        gzip.compress(_text("part,x,y"), mtime=0)[:-20],
        "An error.",
        r"t\.csv\.gz must be a whole gzip file, but it is damaged",
    ),
    (
        "an empty file, or a header alone",
        "t.csv",
        b"part,x,y\n",
        "An error.",
        r"t\.csv must have rows below its header",
    ),
    (
        "an .npz of Python objects",
        "t.npz",
        _npz(x=np.array([{}], dtype=object), y=[1]),
        "An error: reading them could run a stranger's code.",
        r"'x' holds Python objects",
    ),
    (
        "an .npz of moments",
        "t.npz",
        _npz(x=np.array([["2021-01-05"], ["9999-12-31"]], dtype="datetime64[D]"), y=[0, 1]),
        "It is read.",
        Reads("x1,y", "2021-01-05 00:00:00,0", 2),
    ),
    (
        "Parquet with lists in its cells",
        "t.parquet",
        _parquet(a=[[1, 2], [3]], y=[0, 1]),
        "An error that names the column.",
        r"cells must be single values, but 'a' of t\.parquet holds list",
    ),
)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [(name, content, expected) for _, name, content, _, expected in BROKEN_FILES],
    ids=[re.sub(r"\W+", " ", about)[:50].strip() for about, *_ in BROKEN_FILES],
)
def test_what_happens_to_files_as_people_have_them(
    tmp_path: Path, name: str, content: bytes | Callable[[], bytes], expected: str | Reads
) -> None:
    path = tmp_path / name
    path.write_bytes(content() if callable(content) else content)
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected) as raised:
            read_table(path)
        assert "\n" not in str(raised.value)
        return
    table = read_table(path)
    cells = ["-" if pd.isna(cell) else str(cell) for cell in table.frame.iloc[0]]
    assert ",".join(table.frame.columns) == expected.names
    assert ",".join(cells) == expected.first
    assert len(table.frame) == expected.n_rows
    said = "\n".join(table.messages)
    assert re.search(expected.said, said) if expected.said else said == ""


_PIECES = (
    *(b'"', b"'", b",", b";", b"\t", b"\n", b"\r", b"\0", b"\x1a", b"{", b"}", b"[", b"]", b"#"),
    *(b"%", b"?", b" ", b"\\", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\xed\xa0\x80", b'\n"'),
    *(b'""', b'",', b"@data\n", b"@attribute", b"nan", b"1e999", b"9" * 5000, b"[" * 3000, b"-1"),
    *(b"\\u0000", b"\\ud800"),
)


def _damaged(chance: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        place = chance.randrange(len(damaged) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            damaged[place:place] = chance.choice(_PIECES)
        elif kind == 1:
            del damaged[place : place + chance.randrange(1, 20)]
        elif kind == 2:
            damaged[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 3:
            del damaged[place:]
        elif kind == 4:
            start = chance.randrange(len(damaged) + 1)
            damaged[place:place] = damaged[start : start + chance.randrange(50)]
        else:
            old, new = chance.choice((b",", b"\n", b'"', b"1", b"a")), chance.choice(_PIECES)
            damaged = damaged.replace(old, new, chance.choice((1, 3)))
    return bytes(damaged)


def _good_files() -> dict[str, bytes]:
    frame = pd.DataFrame(
        {
            "n": np.arange(30) / 7,
            "c": ["red", "green, dark", 'a "q"', "", "x\ny"] * 6,
            "d": pd.date_range("2020", periods=30).astype(str),
            "k": pd.Categorical(["u", "v"] * 15),
        }
    )
    return {
        "a.csv": frame.to_csv(index=False).encode(),
        "b.tsv": frame.to_csv(index=False, sep="\t").encode(),
        "c.csv": frame.to_csv(index=False, sep=";", decimal=",").encode("utf-16"),
        "d.txt": b"a b c\n" + b"".join(b"%d  %d   x\n" % (i, i * 2) for i in range(20)),
        "e.csv": b"# exported\nReport,,\n\na,b,c\n1,2,x\n3,4,y\n",
        "f.jsonl": frame.to_json(orient="records", lines=True).encode(),
        "g.json": frame.to_json(orient="records").encode(),
        "h.arff": (_ARFF + "p0,0.00,n\n'a, \\'b',?,y\n?,1e3,?\n").encode(),
        "i.npz": _npz(x=np.arange(60.0).reshape(20, 3), y=["u", "v"] * 10, class_names=["p", "q"]),
        "j.parquet": _parquet(**{name: frame[name] for name in frame}),
        "k.csv.gz": gzip.compress(frame.to_csv(index=False).encode(), mtime=0),
    }


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_whatever_is_damaged_is_read_or_told_in_one_line(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    files = _good_files()
    for number in range(6000 if seed else 600):
        name = chance.choice(sorted(files))
        path = tmp_path / (name if chance.random() < 0.9 else chance.choice(sorted(files)))
        path.write_bytes(_damaged(chance, files[name]))
        try:
            read_table(path)
        except DataError as error:
            assert "\n" not in str(error), number
            str(error).encode()
