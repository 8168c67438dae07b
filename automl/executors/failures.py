"""What an error while training means for the runs: its cause, and a sentence for people."""

from __future__ import annotations

import traceback

import torch

from automl.errors import AutoMLError, did_you_mean, first_line
from automl.executors.executor import RunFailure
from automl.system.own_code import is_own, place_of, raising_line
from automl.training.trainer import RunError

MEMORY_PHRASES = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
"""How torch's allocators word it where they raise a plain RuntimeError."""


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
