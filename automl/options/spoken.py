"""Stored sentences in the words of whoever reads them: `--folds 5` is `folds=5` in Python.

Verdicts and advice are stored with their study, once, and name options as they are typed. Where
Python shows them, `result.diagnoses` or a notebook's cell, what stands in backquotes is written
as arguments, by what is known of each option; on the command line it stays as it is. Errors and
what is logged are said anew each time, by `named` (wording/option_names.py).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from automl.errors import ConfigError
from automl.options.option import Option, options_of
from automl.options.search_options import SearchOptions
from automl.wording.option_names import is_typed, named
from storage.records import Diagnosis

TYPED: Final = re.compile(r"`([^`]+)`")

FUNCTIONS: Final[Mapping[tuple[str, ...], str]] = {
    ("diagnose",): "diagnose",
    ("diagnose", "--confirm"): "confirm",
    ("diagnose", "--diagnose", "full"): "explain",
}
"""Functions of commands on a study, by what is typed beside its name."""


def spoken(text: str) -> str:
    """A stored sentence as the reader writes what is in backquotes: typed, or in Python.

    What is none of the known options and commands is left as it is.

    Example:
        >>> spoken("Choose by more rows: `--folds 5 --new`.")
        'Choose by more rows: `folds=5, new=True`.'
        >>> spoken("Try it: `automl diagnose STUDY --confirm`.")
        "Try it: `automl.confirm('STUDY')`."
    """
    return text if is_typed() else TYPED.sub(lambda found: f"`{_in_python(found[1])}`", text)


def spoken_diagnosis(diagnosis: Diagnosis) -> Diagnosis:
    """A diagnosis whose sentences are the reader's."""
    advice = tuple(replace(one, text=spoken(one.text)) for one in diagnosis.advice)
    return replace(diagnosis, message=spoken(diagnosis.message), advice=advice)


def _in_python(typed: str) -> str:
    try:
        words = shlex.split(typed)
        if words[:1] == ["automl"]:
            return _call(words[1:])
        return ", ".join(_arguments(words))
    except (LookupError, ValueError):  # not what a person types: a name, or a part of a text
        return typed


def _call(words: list[str]) -> str:
    """A command on a study as a call: its name is what comes second; the database may follow."""
    command, study, *rest = words
    other = ""
    if "--storage" in rest:
        at = rest.index("--storage")
        other = f", storage={rest[at + 1]!r}"
        del rest[at : at + 2]
    return f"automl.{FUNCTIONS[command, *rest]}({study!r}{other})"


def _arguments(words: list[str]) -> Iterator[str]:
    """Typed options as arguments; one that may repeat is a list."""
    known, said = options_of(SearchOptions), _said(words)
    for typed, values in said.items():
        name = typed.replace("-", "_")
        if name.removeprefix("no_") in known and name not in known:
            yield named(name.removeprefix("no_"), False)
        elif isinstance(known[name].default, bool):
            yield named(name, True)
        elif isinstance(known[name].default, tuple):
            yield named(name, values or None)
        else:
            yield named(name, _value(known[name], values))


def _said(words: list[str]) -> dict[str, list[str]]:
    """What is typed behind each option.

    Raises:
        ValueError: it does not begin with one.
    """
    said: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name = word.removeprefix("--")
            said.setdefault(name, [])
        elif not name:
            raise ValueError(word)
        else:
            said[name].append(word)
    return said


def _value(one: Option, values: list[str]) -> object:
    """A typed value as Python has it; None where none stands there."""
    if not values:
        return None
    (text,) = values
    try:
        return one.rule.plain("value", one.rule.read(text))
    except ConfigError:  # as a word that stands for a number
        return text
