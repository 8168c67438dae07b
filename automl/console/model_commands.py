"""The commands that put a model to work: `automl predict` and `automl serve`."""

from __future__ import annotations

from typing import Any

import click

from automl.console.command_group import output_option, told_steps, told_warnings
from automl.console.command_options import Typed, typed_option
from automl.options.values import NAME, TRIAL_NUMBER, whole


@click.command()
@click.argument("study")
@click.argument("data")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), help="Default: the answer.")
@output_option("predictions.csv")
@click.option(
    "--keep",
    type=Typed(NAME),
    multiple=True,
    metavar="COLUMN",
    help="Copy a column of DATA. May repeat.",
)
@click.option("--force", is_flag=True, help="Replace an existing file; never DATA or a database.")
@typed_option("model")
@typed_option("storage")
def predict(
    study: str,
    data: str,
    output: str,
    keep: tuple[str, ...],
    force: bool,
    storage: str,
    **of_study: Any,
) -> None:
    """Predict the rows of DATA with a study's answer: its best trial, or an ensemble.

    STUDY is the name of a study, or the folder of a model that was exported, not as ONNX. DATA has
    the columns that it was searched on; a file may be larger than the memory, and - is standard
    input. One line per row is written: the prediction, and the probability of each class; by the
    file's ending as CSV, TSV (.gz too) or Parquet, with -o - as CSV to standard output. Columns of
    --keep come first, as they are in DATA, so that lines can be joined to rows. Where the target
    is among the columns the predictions are scored.
    """
    with told_steps("reading the study"), told_warnings():
        from rich.text import Text

        from automl.console.consoles import stderr_console
        from automl.console.prediction import STREAM, predict_file, prediction_lines
        from automl.serving.model_sources import find_model

        source = find_model(study, storage, **of_study)
        predicted = predict_file(source, data, output, storage, keep, force=force)
    console = stderr_console()
    for line in prediction_lines(source, predicted):
        # In a file each is one line, for whoever looks for it there.
        console.print(Text(line), soft_wrap=not console.is_terminal)
    if output != STREAM:
        click.echo(output)


@click.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), help="Default: the answer.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", help="Where it listens.")
@click.option("--port", type=Typed(whole(0, 65535)), default=8000, help="0: any that is free.")
@typed_option("model")
@typed_option("storage")
def serve(study: str, host: str, port: int, storage: str, **of_study: Any) -> None:
    """Serve a study's answer over HTTP: rows as JSON in, predictions out.

    STUDY is the name of a study, or the folder of a model that was exported, not as ONNX. POST
    /predict takes a row as a JSON object, {"column": value, ...}, or a list of rows, and answers
    with the predictions and the probability of each class; GET /schema says what a row looks
    like, GET /health what is served, /openapi.json all of it. Only this machine is listened to
    unless --host names another address, and nobody is asked for a password. Ctrl-C ends it.
    """
    with told_steps("reading the study"):
        from automl.serving.model_sources import find_model
        from automl.serving.server import serve_model

        serve_model(find_model(study, storage, **of_study), host, port)
