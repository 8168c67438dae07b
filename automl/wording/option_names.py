"""How an option is named to whoever reads a message: `--target` is typed, `target=` is Python.

Errors and what is logged say an option with `named`, so that one text serves both. The command
line says once that it is the one who speaks (`spoken_as_typed`, console/command_group.py); whoever
calls from Python need not say anything. Advice is stored with its study as it is typed; where
Python shows it, `options/spoken.py` turns it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

_AS_TYPED = [False]
"""Of the whole process, since worker threads speak too; the last one counts."""


@contextmanager
def spoken_as_typed() -> Iterator[None]:
    """Name options as they are typed on the command line, within this block."""
    _AS_TYPED.append(True)
    try:
        yield
    finally:
        _AS_TYPED.pop()


def is_typed() -> bool:
    """Whether the command line speaks."""
    return _AS_TYPED[-1]


def named(option: str, value: object = None, typed: str | None = None) -> str:
    """An option, with a value if one is given, as the reader writes it.

    Args:
        option: its name as a field of `SearchOptions`.
        value: True and False are switches, a list is of texts.
        typed: how the value is typed, where that is another text: "10s".

    Example:
        >>> named("missing", ["age=-999"])
        "missing=['age=-999']"
        >>> with spoken_as_typed():
        ...     named("missing", ["age=-999"]), named("portfolio", False), named("target")
        ("--missing 'age=-999'", '--no-portfolio', '--target')
    """
    if not is_typed():
        return f"{option}=" + ("" if value is None else repr(value))
    name = option.replace("_", "-")
    if typed is not None:
        return f"--{name} {typed}"
    if value is None or value is True:
        return f"--{name}"
    if value is False:
        return f"--no-{name}"
    if isinstance(value, list):
        return " ".join(f"--{name} {_quoted(str(one))}" for one in value)
    return f"--{name} {shlex.quote(str(value))}"


def _quoted(text: str) -> str:
    """Another's text in quotes, also where the shell could do without."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
