"""What an error while training means for the runs: its cause, and a sentence for people."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path

import torch

from automl.errors import AutoMLError, first_line
from automl.executors.executor import RunFailure
from automl.training.trainer import RunError

MEMORY_PHRASES = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
"""How torch's allocators word it where they raise a plain RuntimeError."""

ROOT = Path(__file__).resolve().parents[2]
OURS = (*(ROOT / name for name in ("automl", "search_spaces", "storage", "cli.py")),)
"""The installed product. What else lies in that folder may be a person's."""

STANDARD_LIBRARY = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
INSTALLED = {"site-packages", "dist-packages"}
"""Folders of libraries that were installed."""


def is_memory_error(error: BaseException) -> bool:
    """Whether the device's or the process's memory did not suffice."""
    error = own_error(error)
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = first_line(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in MEMORY_PHRASES)


def own_error(error: BaseException) -> BaseException:
    """What the run itself raised, where a trainer has said which run it was."""
    return error.__cause__ or error if isinstance(error, RunError) else error


def failure_of(run_id: int, error: BaseException) -> RunFailure:
    """The failure of the one run that raised the error."""
    cause = "out_of_memory" if is_memory_error(error) else "crashed"
    own = own_error(error)
    return RunFailure(run_id, cause, describe(own), "".join(traceback.format_exception(own)))


def describe(error: BaseException) -> str:
    """Type, first line and place of an error.

    The place is where a person can do something about it: "ValueError: ... (my_model.py, line
    23, in forward)" is the innermost line of their own; where nothing is theirs, it is the line
    that raised: "ValueError: ... (plain.py, line 80)". Errors of ours say it all themselves.
    """
    line = first_line(error)
    text = f"{type(error).__name__}: {line}".rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return text
    if own := next((frame for frame in reversed(frames) if is_own(frame.filename)), None):
        return f"{text} ({place_of(own)})"
    if isinstance(error, AutoMLError):
        return line
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def place_of(frame: traceback.FrameSummary) -> str:
    """A line of a person's own: "my_model.py, line 23, in forward"."""
    path = Path(frame.filename)
    name = "a notebook's cell" if _is_cell(path) else path.name
    function = "" if frame.name.startswith("<") else f", in {frame.name}"
    return f"{name}, line {frame.lineno}{function}"


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
