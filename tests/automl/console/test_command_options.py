"""Times and sizes as people type them."""

from __future__ import annotations

import click
import pytest

from automl.console.command_options import ByteSize, Database, Duration, Workers


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5", 0.5)]
)
def test_durations_are_written_as_people_do(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(("text", "n_bytes"), [("500", 500), ("2G", 2**31), ("1.5k", 1536)])
def test_sizes_are_written_as_people_do(text: str, n_bytes: int) -> None:
    assert ByteSize().convert(text, None, None) == n_bytes


@pytest.mark.parametrize(("text", "workers"), [("auto", "auto"), ("3", 3)])
def test_workers_are_a_number_or_auto(text: str, workers: int | str) -> None:
    assert Workers().convert(text, None, None) == workers


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        (Duration(), "soon", "written like 90s, 10m or 1h30m, but got 'soon'"),
        (ByteSize(), "much", "written like 500M or 2G, but got 'much'"),
        (Database(), "automl.db", "a database URL such as sqlite:///automl.db, but got"),
        (Workers(), "0", "a number from 1, or auto, but got '0'"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_rule(
    kind: click.ParamType[object], text: str, rule: str
) -> None:
    with pytest.raises(click.BadParameter, match=rule):
        kind.convert(text, None, None)
