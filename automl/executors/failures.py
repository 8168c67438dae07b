"""What an error while training means for the runs: its cause, and a sentence for people."""

from __future__ import annotations

import traceback
from pathlib import Path

import torch

from automl.executors.executor import RunFailure

MEMORY_PHRASES = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
"""How torch's allocators word it where they raise a plain RuntimeError."""


def is_memory_error(error: BaseException) -> bool:
    """Whether the device's or the process's memory did not suffice."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in MEMORY_PHRASES)


def failure_of(run_id: int, error: BaseException) -> RunFailure:
    """The failure of the one run that raised the error."""
    cause = "out_of_memory" if is_memory_error(error) else "crashed"
    return RunFailure(run_id, cause, describe(error))


def describe(error: BaseException) -> str:
    """Type, first line and place of an error: "ValueError: ... (plain.py, line 80)"."""
    lines = str(error).splitlines() or [""]
    text = f"{type(error).__name__}: {lines[0]}".rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return text
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
