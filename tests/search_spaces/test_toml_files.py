from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest

from search_spaces import SearchSpace, SearchSpaceError, load, names
from search_spaces.toml_files import find_line, parse

OWN = """\
[optimizer]
type = "categorical"
choices = ["sgd", "momentum"]

# a comment with learning_rate = 3 in it
[learning_rate]
type = "float"
low = 1e-4  # YAML would read text here
high = 0.1
log = true
reason = "as before"
"""


def test_a_persons_own_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("\ufeff" + OWN, encoding="utf-8")  # with a byte order mark, as from Notepad
    space = load(path)
    assert space.name == "mine"
    assert list(space.parameters) == ["optimizer", "learning_rate"]
    assert space.parameters["learning_rate"].to_dict() == {
        "type": "float", "low": 1e-4, "high": 0.1, "log": True, "reason": "as before",
    }  # fmt: skip
    assert load(str(path)) == space


def test_a_built_in_space_is_read_by_its_name() -> None:
    assert load("mlp").name == "mlp"
    assert "mlp" in names()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "low = 1e-4",
            "low = 1.0",
            r"own\.toml, line 8: `low < high` must hold for learning_rate",
        ),
        ("low = 1e-4", "lwo = 1e-4", r"line 8: .* no key 'lwo'.*Did you mean 'low'"),
        ("high = 0.1\n", "", r"line 6: Of type float a parameter needs `high`"),
        ('"momentum"]', '"momemtum"]', r"line 3: optimizer .*'momemtum'. Did you mean 'momentum'"),
        (
            "[learning_rate]",
            "[learnig_rate]",
            r"line 6: There is no hyperparameter 'learnig_rate'",
        ),
        ("[learning_rate]", '["optimizer"]', r"own\.toml is not valid TOML: .* line 6"),
        ('type = "float"', 'type = "double"', r"line 7: `type` of learning_rate must be one of"),
        ("log = true", "log = tru", r"own\.toml is not valid TOML: .*line 10"),
        ("log = true", "when = {optimzer = ['sgd']}", r"line 10: .*Did you mean 'optimizer'"),
    ],
)
def test_an_error_names_file_line_rule_and_value(old: str, new: str, message: str) -> None:
    assert old in OWN
    with pytest.raises(SearchSpaceError, match=message):
        parse(OWN.replace(old, new), "own")


def test_an_impossible_value_is_an_error_with_its_line() -> None:
    text = '[dropout]\ntype = "float"\nlow = 0.0\nhigh = 1.5\n'
    with pytest.raises(SearchSpaceError, match=r"line 4: dropout must be .* below 1, but got 1.5"):
        parse(text, "own")


def test_a_key_outside_of_any_table_is_an_error_with_its_line() -> None:
    with pytest.raises(SearchSpaceError, match=r"mine.toml, line 2: dropout must be a table"):
        parse("# my space\ndropout = 0.5\n", "mine")


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(SearchSpaceError, match=r"empty\.toml: A search space needs a parameter"):
        parse("", "empty")


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(SearchSpaceError, match=r"one of .*mlp.*got 'mpl'. Did you mean 'mlp'"):
        load("mpl")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchSpaceError, match=r"gone.toml cannot be read: No such file"):
        load(tmp_path / "gone.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(SearchSpaceError, match="cannot be read"):
        load(tmp_path / "folder.toml")
    (tmp_path / "korean.toml").write_bytes("# 탐색".encode("cp949"))
    with pytest.raises(SearchSpaceError, match="it is not UTF-8 text"):
        load(tmp_path / "korean.toml")


def test_what_is_no_plain_file_of_a_spaces_size_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    (tmp_path / "zeros.toml").write_bytes(bytes(100))
    with (tmp_path / "large.toml").open("wb") as large:
        large.truncate(2**33)
    for name, cause in (
        ("pipe", "cannot be read: it is no plain file"),
        ("device", "cannot be read: it is no plain file"),
        ("zeros", "is not valid TOML"),
        ("large", "it has 8589934592 bytes, the most is 1048576"),
        ("\0", "cannot be read: embedded null"),
        ("x" * 300, "cannot be read: File name too long"),
    ):
        with pytest.raises(SearchSpaceError, match=cause):
            load(tmp_path / f"{name}.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 3000 + "]" * 3000, "nested too deep"),
        ("[" + "a." * 3000 + "b]", "`type` of a must be one of"),
        ("x = " + "9" * 5000, "not valid TOML: Exceeds the limit"),
        (
            "[n_layers]\ntype = 'int'\nlow = 1\nhigh = " + "9" * 30,
            "line 4: A whole number must be",
        ),
        ("[n_layers]\ntype = 'fixed'\nvalue = 0x" + "F" * 5000, "line 3: .*one of 20000 bits"),
        ("[n_layers]\ntype = 'int'\nlow = 1\nhigh = 1e999", "own.toml, line"),
        ("[n_layers]\ntype = [[" + "9" * 40 + "]]", "line 2: A whole number must be"),
    ],
)
def test_absurd_depths_and_numbers_are_an_error(text: str, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message) as told:
        parse(text, "own")
    assert len(str(told.value)) < 600


ODD_VALUES = (
    *("1e999", "nan", "-inf", "9" * 400, "9" * 5000, "-1", "0x" + "F" * 400, "1979-05-27", "''"),
    *(
        "[]",
        "[[]]",
        "[" * 200 + "]" * 200,
        "{}",
        "{a = 1}",
        "true",
        "[1, 'a']",
        "[1e400]",
        "1e-400",
    ),
    *('"\\u0000"', '"\\ud800"', "[{}]", "{x = {}}", "1" * 4000 + ".0", "[true, 1]", "9" * 19),
)
ODD_LINES = (
    *("a." * 3000 + "b = 1", "[" + "a." * 3000 + "b]", "x = " + "[" * 3000 + "]" * 3000),
    *("x = " + "{a = " * 3000 + "1" + "}" * 3000, "[x]", "[[learning_rate]]", "'' = 1", "['']"),
)
ODD_SIGNS = "\0\t\"'[]{}=,#.\u202e\x7f\x1b 9"


def altered(lines: Sequence[str], chance: random.Random) -> str:
    """The lines with one to three of them changed, left out, cut or doubled."""
    changed = list(lines)
    keys = [n for n, line in enumerate(changed) if "=" in line and not line.startswith("#")]
    for _ in range(chance.randint(1, 3)):
        at, kind = chance.randrange(len(changed)), chance.randrange(6)
        cut = chance.randint(0, len(changed[at]))
        if kind < 3:
            at = chance.choice(keys)
            changed[at] = f"{changed[at].partition('=')[0]}= {chance.choice(ODD_VALUES)}"
        elif kind == 3:
            changed[at] = chance.choice(("", chance.choice(lines), chance.choice(ODD_LINES)))
        elif kind == 4:
            changed[at] = changed[at][:cut]
        else:
            changed[at] = changed[at][:cut] + chance.choice(ODD_SIGNS) + changed[at][cut:]
    return "\n".join(changed)


def test_altered_files_give_a_space_or_one_line() -> None:
    chance = random.Random(0)
    lines = (
        (resources.files("search_spaces") / "mlp.toml").read_text(encoding="utf-8").splitlines()
    )
    n_spaces = 0
    for _ in range(600):
        try:
            space = parse(altered(lines, chance), "own")
        except SearchSpaceError as error:
            assert len(str(error).splitlines()) == 1
        else:
            n_spaces += 1
            stored = json.dumps(space.to_dict(), allow_nan=False)
            assert SearchSpace.from_dict(json.loads(stored)) == space
    assert 5 < n_spaces < 595


def test_a_line_is_found_for_quoted_names_and_missing_keys() -> None:
    text = '["dropout"]\n"low" = 1\n[ l1 ]\nlow = 2\n'
    assert find_line(text, "dropout", "low") == 2
    assert find_line(text, "l1", "low") == 4
    assert find_line(text, "l1", "high") == 3
    assert find_line(text, "nothing", "low") is None
    assert find_line(text, "", "") is None
