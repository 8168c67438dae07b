"""Which code is a person's own, and the words for a line of it.

What a person can mend is in their own file or in a cell of their notebook: neither in what is
installed, nor in ours.
"""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path
from types import CodeType

from automl.errors import AutoMLError, did_you_mean, first_line

ROOT = Path(__file__).resolve().parents[2]
OURS = (*(ROOT / name for name in ("automl", "search_spaces", "storage", "cli.py")),)
"""The installed product. What else lies in that folder may be a person's."""

STANDARD_LIBRARY = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
INSTALLED = {"site-packages", "dist-packages"}
"""Folders of libraries that were installed."""


def place_of(frame: traceback.FrameSummary) -> str:
    """A line of a person's own: "my_model.py, line 23, in forward"."""
    path = Path(frame.filename)
    name = "a notebook's cell" if _is_cell(path) else path.name
    function = "" if frame.name.startswith("<") else f", in {frame.name}"
    return f"{name}, line {frame.lineno}{function}"


def raising_line(frame: traceback.FrameSummary) -> str:
    """A line of nobody's own, by its package: "torch/nn/modules/conv.py, line 560"."""
    path = Path(frame.filename)
    folders = path.parts
    installed = [n for n, folder in enumerate(folders) if folder in INSTALLED]
    name = "/".join(folders[installed[-1] + 1 :]) if installed else path.name
    return f"{name}, line {frame.lineno}"


def place_of_function(code: CodeType) -> str:
    """Where a function of a person's own begins: "my_model.py, line 20"; "" of another's."""
    if not is_own(code.co_filename):
        return ""
    return place_of(traceback.FrameSummary(code.co_filename, code.co_firstlineno, "<function>"))


def own_place(dump: str) -> str:
    """The innermost line of a person's own in what `faulthandler` writes; "" if there is none."""
    for filename, line, name in re.findall(r'File "(.+)", line (\d+) in (.+)', dump):
        if is_own(filename):
            return place_of(traceback.FrameSummary(filename, int(line), name))
    return ""


def is_own(filename: str) -> bool:
    """Whether code is a person's: neither ours, nor a library's, nor made by a program."""
    path = Path(filename)
    if filename.startswith("<"):
        return _is_cell(path)
    known = (*OURS, *STANDARD_LIBRARY)
    return not (INSTALLED & set(path.parts) or any(path.is_relative_to(part) for part in known))


def _is_cell(path: Path) -> bool:
    """Whether it is how IPython names the code of a notebook's cell."""
    return path.parent.name.startswith("ipykernel_") or path.name.startswith("<ipython-input")


def describe(error: BaseException) -> str:
    """Type, first line and place of an error, and what was noted with it.

    The place is where a person can do something about it: "ValueError: ... (my_model.py, line
    23, in forward)" is the innermost line of their own; where nothing is theirs, it is the line
    that raised: "ValueError: ... (plain.py, line 80)". Errors of ours say it all themselves.
    """
    line = first_line(error)
    text = f"{type(error).__name__}: {line}".rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return text
    own = next((frame for frame in reversed(frames) if is_own(frame.filename)), None)
    if own is None and isinstance(error, AutoMLError):
        return line
    place = raising_line(frames[-1]) if own is None else place_of(own)
    noted = "".join(f"; {note}" for note in getattr(error, "__notes__", ())[:1])
    return f"{text}{_meant(error)} ({place}){noted}"


def _meant(error: BaseException) -> str:
    """The attribute that a person probably meant, as Python's own last line says it."""
    if not isinstance(error, AttributeError) or not error.name:
        return ""
    try:
        return did_you_mean(error.name, dir(error.obj)).rstrip(".")
    except Exception:  # of a person's own object
        return ""
