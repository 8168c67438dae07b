from __future__ import annotations

import pandas as pd
import pytest

from automl.data.files.arff_files import is_arff, parse_arff
from automl.errors import DataError

HEADER = "@relation r\n@attribute a numeric\n@attribute b {x,'y z'}\n@data\n"


def test_attributes_say_what_columns_are() -> None:
    text = (
        "% made by hand\n\n@RELATION 'my table'\n"
        "@ATTRIBUTE 'sepal length' REAL\n"
        '@attribute "it\'s" {0, 1}\n'
        "@attribute class {'Iris setosa', \"b,c\", d}   % classes\n"
        "@attribute note string\n"
        "@attribute day date 'yyyy-MM-dd'\n"
        "@data\n% rows\n"
        "5.1, 0, 'Iris setosa', 'don\\'t, ever', '2021-01-05'\n"
        "?, 1, d, ?, ?\n\n"
        '-1e3,?,"b,c","?",2021-01-06\n'
    ).replace("   % classes", "")
    frame = parse_arff(text.encode(), "t.arff")
    assert list(frame.columns) == ["sepal length", "it's", "class", "note", "day"]
    assert frame["sepal length"].fillna(0).tolist() == [5.1, 0.0, -1000.0]
    assert isinstance(frame["it's"].dtype, pd.CategoricalDtype)
    assert frame["it's"].tolist()[:2] == ["0", "1"]
    assert frame["it's"].isna().tolist() == [False, False, True]
    assert frame["class"].tolist() == ["Iris setosa", "d", "b,c"]
    assert frame["note"].tolist() == ["don't, ever", None, "?"]
    assert frame["day"].tolist() == ["2021-01-05", None, "2021-01-06"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "1,x,3\n", "line 5 of t.arff has 3 and there are 2"),
        (HEADER + "1,x\n2\n", "line 6 of t.arff has 1 and there are 2"),
        (HEADER + "{0 1, 1 x}\n", "line 5 of t.arff is sparse"),
        (HEADER + "1,z\n", "'b' must be one of its declared values, but line 5"),
        (HEADER + "1,x\none,x\n", "'a' must be a number, but line 6 of t.arff has 'one'"),
        (HEADER + "1,'y z\n", "quotes must be closed, but those in line 5"),
        (HEADER, "must have rows below @data"),
        ("@relation r\n@attribute a numeric\n", "must have attributes and @data"),
        ("@relation r\n@data\n1\n", "must have attributes and @data"),
        (
            "@relation r\n@attribute a relational\n@data\n",
            "'a' in line 2 of t.arff is 'relational'",
        ),
        ("@relation r\n@attribute a\n@data\n", "line 2 of t.arff"),
        ("@relation r\n@attribute a {x,y\n@data\n", "must end with }, but not in line 2"),
        ("@relation r\n1,2\n", "line 2 of t.arff is '1,2'"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_arff(text.encode(), "t.arff")


def test_ranges_and_roles_of_columns_are_let_pass() -> None:
    header = "@relation r\n@attribute a real[0.1,7.9]\n@attribute b integer [1, 2]\n"
    header += "@attribute C{p,q}\n@inputs a, b\n@outputs C\n@data\n"
    frame = parse_arff((header + "0.5, 2, q\n").encode(), "t.dat")
    assert frame.to_numpy().tolist() == [[0.5, 2, "q"]]


def test_arff_is_known_by_its_beginning() -> None:
    assert is_arff(b"% c\n\n  @Relation x\n")
    assert is_arff(b"\xef\xbb\xbf@relation x\n")
    assert not is_arff(b"a,b\n@relation,1\n")
