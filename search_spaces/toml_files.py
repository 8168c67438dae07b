"""Search spaces in TOML files: the built-in ones beside this module, and people's own.

One table per parameter, in the order in which they are chosen. TOML rather than YAML,
because YAML 1.1 reads `1e-4` as text. Errors name the file, the line, the key, the rule and
the value.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.parameters import read_parameter
from search_spaces.space import SearchSpace


def names() -> tuple[str, ...]:
    """The built-in search spaces."""
    files = resources.files("search_spaces").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def load(name_or_path: str | Path) -> SearchSpace:
    """Read a built-in space by its name, or a person's own TOML file by its path.

    Raises:
        SearchSpaceError: no such space or file, or the file is wrong: with the line, the key,
            the rule and the value.
    """
    if str(name_or_path) in names():
        builtin = resources.files("search_spaces") / f"{name_or_path}.toml"
        return parse(builtin.read_text(encoding="utf-8"), str(name_or_path))
    path = Path(name_or_path)
    if path.suffix != ".toml":
        raise SearchSpaceError(
            f"A search space must be one of {listed(names())} or the path of a .toml file, "
            f"but got {str(name_or_path)!r}.{nearest(str(name_or_path), names())}"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SearchSpaceError(f"The search space {path} cannot be read: {cause}.") from error
    return parse(text, path.stem, file=str(path))


def parse(text: str, name: str, *, file: str = "") -> SearchSpace:
    """Make a space from the text of a TOML file, which messages call by `file`."""
    file = file or f"{name}.toml"
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SearchSpaceError(f"{file} is not valid TOML: {error}.") from error
    try:
        return SearchSpace.of(name, [read_parameter(*item) for item in tables.items()])
    except SearchSpaceError as error:
        line = find_line(text, error.parameter, error.key)
        place = f"{file}, line {line}" if line else file
        raise SearchSpaceError(
            f"{place}: {error}", parameter=error.parameter, key=error.key
        ) from None


def find_line(text: str, table: str, key: str) -> int | None:
    """The line, from 1, of a key in a table; of the table where the key is not found.

    tomllib keeps no positions, so this looks for the plain spelling of headers and keys.
    """
    if not table:
        return None
    header = re.compile(
        rf"""\s*(\[\s*["']?{re.escape(table)}["']?\s*\]|["']?{re.escape(table)}["']?\s*=)"""
    )
    assignment = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    header_line = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header_line is None:
            header_line = number if header.match(line) else None
        elif line.lstrip().startswith("["):
            break
        elif key and assignment.match(line):
            return number
    return header_line
