"""Export what a study hands over, or one trial of it, checked on rows of its own table too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from automl.data.sources import read_table
from automl.errors import ConfigError, DataError
from automl.export.formats import FORMATS, check_format
from automl.export.writing import Origin, export_model
from automl.training.trained_model import TrainedModel
from storage.records import StudySettings

MOST_BYTES: Final = 2**25
"""A larger table is not read again for the check of an export: 32 MiB take a second or two."""

CHECKED_ROWS: Final = 200


def export_answer(
    model: TrainedModel,
    directory: str | Path,
    origin: Origin,
    format: str = FORMATS[0],
    *,
    force: bool = False,
) -> Path:
    """Export the model of a study's answer in one of `FORMATS`.

    Returns:
        The folder, as it was given.

    Raises:
        ConfigError: there is no such format, or what it needs is not installed.
        OutputError, TrainingError: as `export_model` says.
    """
    write = _writer(check_format(format))
    rows = kept_rows(origin.records.settings)
    logging.getLogger("automl").info("writing %s, and checking what it predicts", directory)
    return write(model, directory, origin, rows=rows, force=force)


def _writer(format: str) -> Callable[..., Path]:
    if format == "folder":
        return export_model
    if format == "torch":
        from automl.export.torch_format import export_torch

        return export_torch
    try:
        from automl.export.onnx_format import export_onnx
    except ModuleNotFoundError as error:
        if error.name not in ("onnx", "onnxruntime"):
            raise
        raise ConfigError(
            f"--format onnx needs the package {error.name}, which is not installed; "
            'pip install "automl-torch[onnx]"'
        ) from error
    return export_onnx


def kept_rows(settings: StudySettings) -> list[Any]:
    """The first rows of a study's table, where that is a file that can be read again quickly."""
    path = Path(settings.data_source)
    if not settings.is_from_files or not path.is_file() or path.stat().st_size > MOST_BYTES:
        return []
    try:
        table: pd.DataFrame = read_table(settings.data_source).frame
    except DataError:  # it has changed since: rows that are made up remain
        return []
    return [table.head(CHECKED_ROWS)]
