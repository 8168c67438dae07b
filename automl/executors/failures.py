"""What an error while training means for the runs: its cause, and a sentence for people."""

from __future__ import annotations

import traceback

import torch

from automl.errors import first_line
from automl.executors.executor import RunFailure
from automl.system.own_code import describe
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
