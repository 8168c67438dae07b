from __future__ import annotations

import json
from pathlib import Path

import pytest

from automl.errors import ConfigError
from automl.system.import_paths import imported

KNOWN = {"decoder": "json:JSONDecoder"}


def test_a_name_of_the_table_or_an_import_path_is_found() -> None:
    assert imported("decoder", KNOWN, "codec") is json.JSONDecoder
    assert imported("json:JSONEncoder", KNOWN, "codec") is json.JSONEncoder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("coder", r"codec must be one of decoder or package\.module:Class, but got 'coder'"),
        ("nowhere.at_all:Thing", "codec 'nowhere.at_all:Thing' cannot be imported: No module"),
        ("json:Nothing", "codec 'json:Nothing' cannot be imported: module 'json' has no"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_could_be(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        imported(name, KNOWN, "codec")


@pytest.mark.parametrize(
    ("line", "message"),
    [("raise ValueError('no licence')", "no licence"), ("raise SystemExit", "SystemExit")],
)
def test_what_a_module_does_at_its_import_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    (tmp_path / "odd_module.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=f"'odd_module:Thing' cannot be imported: {message}"):
        imported("odd_module:Thing", KNOWN, "codec")
