"""A folder that is written whole or not at all, and over nothing but an earlier export.

All files go into a new folder beside the final one, which is checked there and then renamed: a
check that fails, a full disk or a killed process leave what was there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

from automl.errors import OutputError
from automl.export.manifest import MANIFEST, is_export, manifest_of
from automl.system.output_files import cause_of, refuse_artifacts, temporary_in
from automl.wording.option_names import named
from storage.whole_files import write_whole


def check_folder(directory: str | Path, *, force: bool = False) -> Path:
    """Find out whether a folder can be written, before there is anything to write.

    Args:
        force: an earlier export there is replaced.

    Returns:
        Where it will be written: the path, or what a link there points at.

    Raises:
        OutputError: it cannot be written, or something would be lost.
    """
    shown = repr(str(directory))
    try:
        final = Path(directory).resolve()
        refuse_artifacts(shown, final, "a folder")
        if os.path.lexists(final):
            _refuse_loss(shown, final, force=force)
        parent = next(one for one in final.parents if one.exists())
        temporary = temporary_in(parent)
        temporary.mkdir()
        temporary.rmdir()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{shown} cannot be written: {cause_of(error, directory)}") from error
    return final


def write_folder(
    directory: str | Path,
    files: Mapping[str, bytes],
    check: Callable[[Path], None],
    *,
    force: bool = False,
) -> Path:
    """Write files and their manifest as a folder, if they pass a check; else leave nothing.

    Args:
        check: is called with the folder while it has another name; raises where it is not right.

    Returns:
        The path as it was given.

    Raises:
        OutputError: as `check_folder` says, or the disk is full.
        Exception: what the check raises.
    """
    final = check_folder(directory, force=force)
    temporary = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_in(final.parent)
        temporary.mkdir()
        for name, content in {**files, MANIFEST: manifest_of(files)}.items():
            write_whole(temporary / name, BytesIO(content), temporary / f".{name}.part")
        check(temporary)
        _put_in_place(temporary, final)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{str(directory)!r} cannot be written: {cause_of(error, directory)}; "
            "what was there is unchanged"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return Path(directory)


def _put_in_place(temporary: Path, final: Path) -> None:
    """Rename a folder; what was there before goes once the new one stands."""
    if not os.path.lexists(final):
        temporary.rename(final)
        return
    earlier = temporary_in(final.parent)
    final.rename(earlier)
    try:
        temporary.rename(final)
    except OSError:
        earlier.rename(final)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _refuse_loss(shown: str, final: Path, *, force: bool) -> None:
    if not final.is_dir():
        raise OutputError(f"an export is a folder, but {shown} is a file: name another")
    if not any(final.iterdir()):
        return
    if not is_export(final):
        raise OutputError(
            f"a folder is replaced only if it is an earlier export and holds nothing else, but "
            f"{shown} is not: name another, or move it away"
        )
    if not force:
        raise OutputError(
            f"{shown} is an earlier export: replace it with {named('force', True)}, "
            "or name another"
        )
