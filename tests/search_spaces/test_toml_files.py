from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces import SearchSpaceError, load, names
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
        ("high = 0.1\n", "", r"line 6: A float parameter needs `high`"),
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
    with pytest.raises(SearchSpaceError, match=r"one of mlp.*got 'mpl'. Did you mean 'mlp'"):
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


def test_a_line_is_found_for_quoted_names_and_missing_keys() -> None:
    text = '["dropout"]\n"low" = 1\n[ l1 ]\nlow = 2\n'
    assert find_line(text, "dropout", "low") == 2
    assert find_line(text, "l1", "low") == 4
    assert find_line(text, "l1", "high") == 3
    assert find_line(text, "nothing", "low") is None
    assert find_line(text, "", "") is None
