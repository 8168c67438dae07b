"""Between a person's options and the data: loading them, and loading the same ones again.

A study whose data came from files keeps the options that they were read with, so that
`resume`, `promote` and `diagnose --confirm` need no more than the study's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.commands_to_type import study_command
from automl.data.kinds import read_data
from automl.errors import StudyError, not_ours
from automl.options.data_options import DataOptions
from automl.options.option import options_in
from automl.options.search_options import StudyOptions
from automl.options.values import DEFAULT_STORAGE, SKLEARN
from automl.wording.option_names import is_typed, named
from search_spaces import SearchSpace
from search_spaces.declared import DEFAULT_FAMILY, family_of, is_foreign
from storage.records import StudySettings

if TYPE_CHECKING:
    from automl.data.loaded import LoadedData

NOTHING: Mapping[str, str | Path | None] = {}


def load_data(data: Any, options: DataOptions, *, family: str = DEFAULT_FAMILY) -> LoadedData:
    """Read, split and encode the data that the options describe, for networks of a family."""
    return read_data(data, options, family=family).load_data(options)


def is_from_files(data: Any, options: DataOptions) -> bool:
    """Whether all of the data can be read again, rather than being given as objects."""
    sources = [source for source in (data, options.valid, options.test) if source is not None]
    return all(isinstance(source, (str, Path)) for source in sources)


def reloadable_options(settings: StudySettings, *, is_given: bool = False) -> dict[str, Any]:
    """The options by which the data of a study are read again.

    Args:
        is_given: whether a person gives the data again.

    Raises:
        StudyError: its data were an object and are not given, or it is of Optuna alone.
    """
    if is_foreign(settings.space):
        raise StudyError(not_ours(f"study {settings.study_name!r}"))
    if settings.is_objective:
        raise StudyError(
            f"a study of an objective goes on with the call that made it, but got the name of "
            f"{settings.study_name!r} alone; call automl.tune with {settings.data_source} again"
        )
    if settings.is_from_files:
        return dict(settings.data_options)
    if not is_given:
        raise StudyError(
            f"a study's data can be read again where they come from a file, but "
            f"{settings.study_name!r} was given them in Python ({settings.data_source}); pass "
            f"the data again: {named('data', typed='FILE')}"
        )
    return {**settings.data_options, "target": settings.target}  # which the object had named


def fixed_options(
    settings: StudySettings,
    moved: Mapping[str, str | Path | None] = NOTHING,
    storage: str = DEFAULT_STORAGE,
) -> tuple[str, dict[str, Any]]:
    """Where a study's data are, and the options that it was made with, but its name.

    Args:
        moved: where "data", "valid" and "test" are by now, if they have moved.
        storage: of the study, for the command that an error names where one was typed.

    Raises:
        StudyError: its data were given as an object, or one of the files is not where it was.
    """
    options = reloadable_options(settings, is_given=moved.get("data") is not None)
    lay = {"data": settings.data_source, "valid": options["valid"], "test": options["test"]}
    now = lay | {name: str(path) for name, path in moved.items() if path is not None}
    for name, path in now.items():
        if path is None or path.startswith(SKLEARN) or Path(path).exists():
            continue
        where = named(name, "FILE")
        if is_typed():
            where = f"{study_command('resume', settings.study_name, storage)} {where}"
        raise StudyError(
            f"the data of a study are read again from where they were, but there is no {path!r} "
            f"seen from {str(Path.cwd())!r}; if it has moved, say where it is: "
            f"{where}"
        )
    source = now.pop("data")
    return source, {
        **options,
        **now,
        **options_in(settings, StudyOptions),
        "space": SearchSpace.from_dict(settings.space),
    }


def load_again(settings: StudySettings, data: Any = None) -> LoadedData:
    """The data of a stored study.

    Args:
        data: where they cannot be read again: the same object that the search was given.

    Raises:
        StudyError: they are not the data that the study was made with.
    """
    if data is None:
        options = DataOptions(**reloadable_options(settings))
        data = settings.data_source
    else:  # its target may be the object's own, or be named by the file that it replaces
        stored: dict[str, Any] = {**settings.data_options, "target": settings.target}
        options = DataOptions(**stored)
    loaded = load_data(data, options, family=family_of(settings.space))
    if loaded.fingerprint != settings.data_fingerprint:
        raise StudyError(
            f"a study can only be continued on the data it was made with, but those of "
            f"{settings.study_name!r} have changed ({settings.data_source})"
        )
    return loaded
