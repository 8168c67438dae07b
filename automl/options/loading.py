"""Between a person's options and the data: loading them, and loading the same ones again.

A study whose data came from files keeps the options that they were read with, so that
`resume`, `promote` and `diagnose --confirm` need no more than the study's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.data.kinds import read_data
from automl.errors import StudyError
from automl.options.option import options_in
from automl.options.search_options import DataOptions, StudyOptions
from search_spaces import SearchSpace
from search_spaces.declared import DEFAULT_FAMILY, family_of
from storage.records import StudySettings

if TYPE_CHECKING:
    from automl.data.loaded import LoadedData


def load_data(data: Any, options: DataOptions, *, family: str = DEFAULT_FAMILY) -> LoadedData:
    """Read, split and encode the data that the options describe, for networks of a family."""
    return read_data(data, options, family=family).load_data(options)


def is_from_files(data: Any, options: DataOptions) -> bool:
    """Whether all of the data can be read again, rather than being given as objects."""
    sources = [source for source in (data, options.valid, options.test) if source is not None]
    return all(isinstance(source, (str, Path)) for source in sources)


def reloadable_options(settings: StudySettings) -> dict[str, Any]:
    """The data options of a study that came from files.

    Raises:
        StudyError: its data were given as an object.
    """
    if not settings.is_from_files:
        raise StudyError(
            f"a study's data can be read again where they come from a file, but "
            f"{settings.study_name!r} was given a {settings.data_source}; pass the data again"
        )
    return dict(settings.data_options)


def fixed_options(settings: StudySettings) -> dict[str, Any]:
    """The options that a study was made with, but its name, if its data came from files.

    Raises:
        StudyError: its data were given as an object.
    """
    return {
        **reloadable_options(settings),
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
