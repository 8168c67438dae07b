"""What `automl predict` does between its streams: rows in, predictions out, the rest on stderr."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from automl.console.consoles import stderr_console
from automl.console.streams import SafeStream
from automl.console.terminal import SECONDS_BETWEEN_LINES
from automl.data.files.prediction_files import PREDICTIONS
from automl.errors import DataError, OutputError
from automl.serving.model_sources import ModelSource, loaded
from automl.system.output_files import check_output, writing_output
from automl.system.study_files import study_files
from automl.wording.counts import agree, count
from automl.wording.numbers import duration
from automl.wording.printable import one_line
from automl.wording.scores import score_name, score_text

if TYPE_CHECKING:
    from automl.training.predicted_files import PredictedRows

STREAM = "-"
"""Standard input, or standard output."""

_PIPE_BYTES = 1 << 16  # a pipe that nobody reads is noticed between two writes

COLUMNS_NAMED = 4  # of a file of predictions


def predict_file(
    source: ModelSource,
    data: str,
    output: str,
    storage: str,
    keep: Sequence[str] = (),
    *,
    force: bool,
) -> PredictedRows:
    """Predict the rows of a file into a file; either may be a stream.

    Args:
        keep: columns of the rows that are copied.

    Raises:
        OutputError: the file cannot be written, or is there already.
        DataError, StudyError: the rows or the model cannot be read.
    """
    spared = {**study_files(storage, data, table="the table to predict"), **source.files}
    if output != STREAM:
        check_output(output, PREDICTIONS, spared, force=force)
    model = loaded(source)
    from automl.training.predicted_files import predict_rows

    with _read_from(data) as path:
        if output == STREAM:
            file = cast("BinaryIO", _Stdout())
            return _shown(predict_rows(model, path, file, "stdout.csv", source.metric, keep))
        name = Path(output).resolve().name
        with writing_output(output, PREDICTIONS, spared, force=force) as file:
            return _shown(predict_rows(model, path, file, name, source.metric, keep))


@contextmanager
def _read_from(data: str) -> Iterator[str]:
    """The path of the rows; those of standard input are put into a file, to be read twice."""
    if data != STREAM:
        yield data
        return
    if sys.stdin is None:
        raise DataError("standard input must be open to be read, but it is closed; name a file")
    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        path = Path(folder) / "stdin.csv"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield str(path)


class _Stdout:
    """Standard output, as a file of bytes."""

    def write(self, content: bytes) -> int:
        """Write, or end the work: nobody reads on."""
        stream = cast("SafeStream", sys.stdout)
        for begin in range(0, len(content), _PIPE_BYTES):
            stream.write_bytes(content[begin : begin + _PIPE_BYTES])
            if isinstance(stream.failure, BrokenPipeError):
                raise click.exceptions.Exit(1)
            if stream.failure is not None:
                raise OutputError(f"stdout cannot be written: {stream.failure.strerror}")
        return len(content)


def _shown(rows: Iterator[PredictedRows]) -> PredictedRows:
    """Predict to the end, and show how far it has got."""
    began = last = time.monotonic()
    console = stderr_console()
    if console.is_terminal and not sys.stdout.isatty():
        with console.status("predicting") as status:
            for so_far in rows:
                status.update(_progress_line(so_far, time.monotonic() - began))
            return so_far
    for so_far in rows:
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(_progress_line(so_far, last - began), err=True)
    return so_far


def _progress_line(rows: PredictedRows, seconds: float) -> str:
    return f"{count(rows.n_rows, 'row')} predicted, {duration(seconds)}"


def prediction_lines(source: ModelSource, rows: PredictedRows) -> list[str]:
    """What was done: what could not be read, whose networks predicted, and how well."""
    n_more = len(rows.columns) - COLUMNS_NAMED
    more = f" and {n_more} more" if n_more > 0 else ""
    lines = [
        *rows.notes.messages,
        f"{count(rows.n_rows, 'row')} predicted with {source.words}; "
        f"{agree(len(rows.columns), 'column', 'columns')} "
        f"{', '.join(rows.columns[:COLUMNS_NAMED])}{more}",
    ]
    if (scored := rows.scored) is not None:
        which = "these rows"
        if scored.n_rows < rows.n_rows:
            which = f"the {scored.n_rows:,} of these rows whose target can be scored"
        value = score_text(scored.metric, scored.value)
        by = "" if scored.weight is None else f", weighed by {scored.weight}"
        lines.append(f"{score_name(scored.metric)} {value} on {which}{by}")
    return [one_line(line) for line in lines]
