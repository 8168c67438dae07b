"""Options of commands, derived from the records of options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import click
import pytest
from click.testing import CliRunner

import cli
from automl.console.command_options import SECTIONS, Typed, typed_options
from automl.options.option import OptionRecord, option, options_of
from automl.options.values import (
    BYTES,
    COUNT,
    DATABASE,
    FLAG,
    SECONDS,
    TEXTS,
    WORKERS,
    Rule,
    optional,
)


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        (COUNT, "3", 3),
        (WORKERS, "3", 3),
        (WORKERS, "auto", "auto"),
        (SECONDS, "1h30m", 5400.0),
        (BYTES, "2G", 2**31),
        (SECONDS, 90, 90.0),
    ],
)
def test_values_are_typed_as_people_do(rule: Rule, text: Any, value: object) -> None:
    assert Typed(rule).convert(text, None, None) == value


@pytest.mark.parametrize(
    ("rule", "text", "words"),
    [
        (SECONDS, "soon", "written like 90s, 10m, 1h30m or 2ms, but got 'soon'"),
        (BYTES, "much", "written like 500M or 2G, but got 'much'"),
        (DATABASE, "automl.db", "a database URL such as sqlite:///automl.db, but got"),
        (WORKERS, "0", "a whole number from 1, or 'auto', but got 0"),
        (COUNT, "2.5", "a whole number from 1, but got '2.5'"),
        (COUNT, "9" * 40, "a whole number from 1, but got '9+'"),
        (COUNT, "9" * 20, "but got 9+; the most is 2147483647"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_rule(rule: Rule, text: str, words: str) -> None:
    with pytest.raises(click.BadParameter, match=words):
        Typed(rule).convert(text, None, None)


@dataclass(frozen=True, kw_only=True)
class Paint(OptionRecord):
    max_coats: int | None = option(None, optional(COUNT), "How often.")
    door: tuple[str, ...] = option((), TEXTS, "Left out.", metavar="DOOR")
    primer: bool = option(True, FLAG, "Begin with one.")
    glossy: bool = option(False, FLAG, "Shine.")
    memo: str = option("", TEXTS)


@click.command(context_settings={"show_default": True})
@typed_options(Paint)
def paint(**choices: Any) -> None:
    click.echo(choices)


def test_a_command_has_the_options_of_a_record() -> None:
    runner = CliRunner()
    plain = {"max_coats": None, "door": (), "primer": True, "glossy": False}
    assert runner.invoke(paint, []).stdout == f"{plain}\n"
    typed = ["--max-coats", "3", "--door", "a", "--door", "b", "--no-primer", "--glossy"]
    chosen = {"max_coats": 3, "door": ("a", "b"), "primer": False, "glossy": True}
    assert runner.invoke(paint, typed).stdout == f"{chosen}\n"


def test_help_lists_them_in_the_order_of_the_record() -> None:
    lines = CliRunner().invoke(paint, ["--help"]).stdout.split("Options:\n")[1].splitlines()
    assert [" ".join(line.split()) for line in lines[:4]] == [
        "--max-coats N How often.",
        "--door DOOR Left out.",
        "--primer / --no-primer Begin with one. [default: primer]",
        "--glossy Shine.",
    ]


def test_help_of_a_search_says_what_is_fixed_and_what_is_free() -> None:
    told = CliRunner().invoke(cli.main, ["search", "--help"]).stdout
    sections = [part for part in told.split("\n\n") if not part.startswith(("Usage", " "))]
    assert [section.split(":")[0] for section in sections] == [*SECTIONS, "Options"]
    own = [line.split()[0] for line in sections[-1].splitlines()[1:]]
    assert own[:2] == ["--report", "--json"]
    for section, record in zip(sections, SECTIONS.values(), strict=False):
        typed = re.findall(r"^  --([a-z-]+)", section, flags=re.MULTILINE)
        assert [name.replace("-", "_") for name in typed] == list(options_of(record))
