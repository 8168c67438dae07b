"""Every error that this project raises on purpose, in one tree.

    AutoMLError
      DataError(ValueError)          the table, a column, a split
      ConfigError(ValueError)        a hyperparameter or option has a value it cannot have
      StudyError(ValueError)         a study is missing, or differs from what is asked
      TrainingError(RuntimeError)    training cannot go on
        DivergedError                no epoch had finite losses: there is no best one
      OutputError(OSError)           a file cannot be written, or would replace a person's own
      search_spaces.SearchSpaceError(ValueError)   a space, or a change of one, is not possible
      storage.StorageError(RuntimeError)           what is stored cannot be read or written

The last two, and the root, are of packages below this one. `DataWarning` tells Python callers of
cells that count as missing, and columns that do not count. Messages say the rule, the value, the
fix. The command line prints these without a traceback and exits with 1.
"""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

from storage.error_root import AutoMLError as AutoMLError

_HERE = f"{Path(__file__).parent}{os.sep}"
"""The folder of this package, where its code lies."""


class DataError(AutoMLError, ValueError):
    """The data cannot be read, understood or split."""


class DataWarning(UserWarning):
    """Cells of new rows count as missing, or columns of a table that is searched are left out."""


def warn_of(messages: Iterable[str]) -> None:
    """Warn at the line of a person that has led here, however many of ours lie between."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    for message in messages:
        warnings.warn(message, DataWarning, stacklevel=level)


class ConfigError(AutoMLError, ValueError):
    """A hyperparameter or an option has a value that it cannot have."""


class StudyError(AutoMLError, ValueError):
    """A study is missing, or was made for something else than is asked now."""


class TrainingError(AutoMLError, RuntimeError):
    """A training cannot go on."""


class DivergedError(TrainingError):
    """A run has no epoch with finite losses, and so no weights to keep."""


class OutputError(AutoMLError, OSError):
    """A file that was asked for cannot be written, or something of a person's would be lost."""


def first_line(error: BaseException) -> str:
    """The first line that an error says; "" where it says nothing, or fails to."""
    try:
        return next((line for line in str(error).strip().splitlines()), "")
    except Exception:  # a person's own error may raise where it is written
        return ""


def reason_of(error: BaseException) -> str:
    """The first line of another library's error, or its kind where it says nothing."""
    return first_line(error).strip()[:200] or type(error).__name__


def not_ours(what: str) -> str:
    """What is said where a study of this program is needed.

    Args:
        what: was made with Optuna alone: "study 'theirs'".
    """
    return (
        f"this takes a study of this program, but {what} was made with Optuna alone, and is only "
        "read: by `automl show`, `diagnose`, `report`, `compare` and `studies`, and by "
        "`optuna-dashboard`. It goes on with the loop that made it, `study.optimize`"
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, as "; did you mean 'x'?"; else nothing."""
    spelled = {one.casefold(): one for one in known}
    matches = difflib.get_close_matches(word.casefold(), list(spelled), n=1)
    return f"; did you mean {spelled[matches[0]]!r}?" if matches else "."
