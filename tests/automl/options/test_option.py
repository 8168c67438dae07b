"""Options as fields of frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.options.option import (
    OptionRecord,
    check_names,
    option,
    options_in,
    options_of,
    said_options,
)
from automl.options.values import COUNT, FLAG, TEXTS


@dataclass(frozen=True, kw_only=True)
class Paint(OptionRecord):
    coats: int = option(2, COUNT, "How often.")
    glossy: bool = option(False, FLAG)


@dataclass(frozen=True, kw_only=True)
class Wall(Paint):
    doors: Any = option((), TEXTS, "Left out.", metavar="DOOR")


def test_all_that_is_said_of_an_option_is_beside_its_field() -> None:
    options = options_of(Wall)
    assert list(options) == ["coats", "glossy", "doors"]
    assert (options["coats"].default, options["coats"].help) == (2, "How often.")
    assert (options["coats"].metavar, options["doors"].metavar) == ("N", "DOOR")


def test_values_are_made_plain_also_of_inherited_fields() -> None:
    wall = Wall(coats=np.int64(3), doors=["left"])  # type: ignore[arg-type]
    assert (wall.coats, type(wall.coats), wall.doors) == (3, int, ("left",))
    with pytest.raises(ConfigError, match="coats must be a whole number from 1, but got 0"):
        Wall(coats=0)


def test_options_are_found_in_what_stored_them() -> None:
    assert options_in(SimpleNamespace(coats=5, colour="red"), Wall) == {"coats": 5}


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    check_names(["coats"], Wall)
    with pytest.raises(ConfigError, match="field of Wall, but got 'coat'; did you mean 'coats'"):
        check_names(["coat"], Wall)


def test_what_a_person_has_said_is_told_in_words() -> None:
    assert said_options(Wall()) == ""
    assert said_options(Wall(coats=3, glossy=True, doors=["left"])) == "coats=3, doors=('left',)"
