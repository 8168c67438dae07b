"""Search spaces in TOML files: the built-in ones beside this module, and people's own.

One table per parameter, in the order in which they are chosen, below the `family` of network
that reads them, which is the multilayer perceptron where none is named. TOML rather than YAML,
because YAML 1.1 reads `1e-4` as text. Errors name the file, the line, the key, the rule and
the value. Whatever is named as a file, and whatever stands in it, gives a space or one such line.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from search_spaces.declared import DEFAULT_FAMILY, check_family
from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.parameters import read_parameter
from search_spaces.space import SearchSpace

MOST_BYTES = 2**20
"""Of a file: a hundred times the built-in space; a larger one is something else."""

MOST_CHARACTERS = 300  # of what the TOML reader says: it repeats what it cannot read
MOST_NUMBER = 2**63 - 1  # what TOML promises of whole numbers; Python would take any


def names() -> tuple[str, ...]:
    """The built-in search spaces."""
    files = resources.files("search_spaces").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def load(name_or_path: str | Path, family: str = DEFAULT_FAMILY) -> SearchSpace:
    """Read a built-in space by its name, or a person's own TOML file by its path.

    Args:
        family: of a file that names none.

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
    return parse(_read_text(path), path.stem, file=str(path), family=family)


def _read_text(path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is no plain file")  # to read a pipe would wait for ever
        if found.st_size > MOST_BYTES:
            raise OSError(0, f"it has {found.st_size} bytes, the most is {MOST_BYTES}")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        cause = "it is not UTF-8 text"
        raise SearchSpaceError(f"The search space {path} cannot be read: {cause}.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        cause = (isinstance(error, OSError) and error.strerror) or str(error)
        raise SearchSpaceError(f"The search space {path} cannot be read: {cause}.") from error


def parse(text: str, name: str, *, file: str = "", family: str = DEFAULT_FAMILY) -> SearchSpace:
    """Make a space from the text of a TOML file, which messages call by `file`.

    Args:
        family: where the text names none.
    """
    file = file or f"{name}.toml"
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise SearchSpaceError(f"{file} cannot be read: its tables are nested too deep.") from None
    except ValueError as error:  # TOML that is none, or a number of thousands of digits
        cause = str(error).partition("; use sys.")[0][:MOST_CHARACTERS]
        raise SearchSpaceError(f"{file} is not valid TOML: {cause}.") from error
    try:
        for table, keys in tables.items():
            _check_numbers(table, keys)
        family = check_family(tables.pop("family", family))
        parameters = [read_parameter(*item) for item in tables.items()]
        return SearchSpace.of(name, parameters, family=family)
    except SearchSpaceError as error:
        line = find_line(text, error.parameter, error.key)
        place = f"{file}, line {line}" if line else file
        raise SearchSpaceError(
            f"{place}: {error}", parameter=error.parameter, key=error.key
        ) from None


def _check_numbers(table: str, keys: object) -> None:
    """Refuse whole numbers beyond 64 bits, which neither floats nor a database hold."""
    waiting: list[tuple[str, object]] = [("", keys)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, int) and abs(value) > MOST_NUMBER:
            raise SearchSpaceError(
                f"A whole number must be {MOST_NUMBER} at most, but `{key or table}` has one of "
                f"{value.bit_length()} bits.",
                parameter=table,
                key=key,
            )
        if isinstance(value, Mapping):
            waiting += [(key or inner, item) for inner, item in value.items()]
        elif isinstance(value, list):
            waiting += [(key, item) for item in value]


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
