"""Options of a search from `automl.toml`: what a project always searches with.

The table `[search]` has the names of the options of `automl search`, with TOML's own types, times
and sizes as they are typed ("10m", "2G"). What is typed comes first, then the environment
(AUTOML_N_TRIALS=300), then this file, then an option's default. It is looked for where the
command is typed, and above as far as the repository or the home folder; outside of both in no
folder above, since anybody could put a file there. Nor does one above count that another person
could have written: it may name Python code to run. Paths in it are seen from its folder.

A name that is no option is an error of every command that reads the file: `storge` for `storage`
would have it work on another database. A value is held to its rule by the commands that take it,
so that a wrong one of another option stops none that does without.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.errors import ConfigError, did_you_mean
from automl.options.option import Option, options_of
from automl.options.search_options import SearchOptions
from automl.options.values import SKLEARN, SOURCE

NAME = "automl.toml"
TABLE = "search"
REPORT = "report"  # an option of the commands alone

OF_FILES = ("valid", "test", REPORT)
SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a file says."""

    path: Path
    values: Mapping[str, Any]  # plain, by name of the option


def find_settings(folder: Path, taken: Collection[str] | None = None) -> SettingsFile | None:
    """What the file says that counts in a folder; None where there is none.

    Args:
        taken: the options whose values are read; None: all that the file has.

    Raises:
        ConfigError: it cannot be read, has a name that is no option, or one of the options taken
            a value that it cannot have: with the file, the key and what is allowed.
    """
    found = next((each / NAME for each in _folders(folder) if (each / NAME).is_file()), None)
    if found is None or (found.parent != folder and not _is_trusted(found)):
        return None
    said = _said(found)
    return SettingsFile(
        found,
        {
            name: _seen_from(folder, found.parent, name, _plain(found, key, name, value))
            for name, (key, value) in said.items()
            if taken is None or name in taken
        },
    )


def _is_trusted(path: Path) -> bool:
    """Whether a file and its folder are the person's or root's, and not everybody's to write.

    Everybody may make a `.git` in a folder like /tmp, so that one of these alone says nothing
    (CVE-2022-24765, of Git). Where there are no owners to ask for, as on Windows, any is trusted.
    """
    if not hasattr(os, "geteuid"):
        return True
    states = [one.stat() for one in (path, path.parent)]
    return all(
        state.st_uid in (0, os.geteuid()) and not state.st_mode & stat.S_IWOTH for state in states
    )


def _folders(folder: Path) -> list[Path]:
    """The folder and those above it, as far as one is a repository or the person's home."""
    try:
        home = Path.home()
    except RuntimeError:  # who has none
        home = None
    searched = []
    for each in (folder, *folder.parents):
        searched.append(each)
        if each == home or (each / ".git").exists():
            return searched
    return [folder]


def _said(path: Path) -> dict[str, tuple[str, Any]]:
    """What the file says of each option: the key as it is written, and the value as it is."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} must be a TOML file, but cannot be read: {error}") from error
    for name in tables:
        if name != TABLE:
            raise ConfigError(
                f"{path} has options in the table [{TABLE}] and nothing else, but got {name!r}"
                f"{did_you_mean(name, [TABLE])}"
            )
    table = tables.get(TABLE, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path} has options in a table, [{TABLE}], but got {TABLE} = {table!r}")
    said: dict[str, tuple[str, Any]] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        _check_name(path, key, name)
        if name in said:
            raise ConfigError(f"{path} must say each option once, but [{TABLE}] has {name} twice")
        said[name] = (key, value)
    return said


def _known() -> dict[str, Option]:
    """The options that can be typed."""
    return {name: one for name, one in options_of(SearchOptions).items() if one.help}


def _check_name(path: Path, key: str, name: str) -> None:
    known = _known()
    if name not in known and name != REPORT:
        names = ", ".join([*known, REPORT])
        raise ConfigError(
            f"{path} has options of `automl search` in [{TABLE}], but got {key!r}; there are: "
            f"{names}{did_you_mean(name, known)}"
        )


def _plain(path: Path, key: str, name: str, value: Any) -> Any:
    one = _known().get(name)
    if one is None or one.rule is SOURCE:
        if not isinstance(value, str):
            raise ConfigError(f"{path}, [{TABLE}]: {key} must be a file, but got {value!r}")
        return value
    try:
        # Times and sizes are typed; a number in quotes is none.
        is_typed = isinstance(value, str) and bool(one.rule.examples)
        return one.rule.plain(name, one.rule.read(value) if is_typed else value)
    except ConfigError as error:
        raise ConfigError(f"{path}, [{TABLE}]: {error}") from error


def _seen_from(folder: Path, home: Path, name: str, value: Any) -> Any:
    """A value whose paths lead from the present folder to where they do from the file's."""
    if folder == home or not isinstance(value, str):
        return value
    if name == "storage":
        path = value.removeprefix(SQLITE)
        is_plain = path != value and not path.startswith("file:")
        return f"{SQLITE}{_moved(folder, home, path)}" if is_plain else value
    if name in OF_FILES and not value.startswith(SKLEARN):
        return _moved(folder, home, value)
    if name == "space" and value.endswith(".toml"):
        return _moved(folder, home, value)
    if name == "model":
        file, _, function = value.rpartition(":")
        return f"{_moved(folder, home, file)}:{function}"
    return value


def _moved(folder: Path, home: Path, path: str) -> str:
    return path if Path(path).is_absolute() else os.path.relpath(home / path, folder)
