"""The command `automl export`: what is typed, one public call, the folder that was written."""

from __future__ import annotations

from typing import Any

import click

from automl.console.command_group import told_steps
from automl.console.command_options import Typed, typed_option
from automl.export.formats import FORMATS
from automl.options.values import TRIAL_NUMBER


@click.command()
@click.argument("study")
@click.argument("directory", metavar="FOLDER")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), help="Default: the answer.")
@click.option(
    "--format",
    "format",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    help="onnx: one graph from raw columns to predictions. torch: one program of torch.export, "
    "from numbers and codes of categories to predictions.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export there.")
@typed_option("model")
@typed_option("storage")
def export(study: str, directory: str, trial_number: int | None, storage: str, **how: Any) -> None:
    """Write a study's answer as a FOLDER that stands alone: weights, schema, card, code.

    Its model.py predicts and its train.py trains again with PyTorch alone. The folder is kept only
    if what lies in it, run without automl, predicts what the stored model does.
    """
    with told_steps("reading the study"):
        from automl.studies import load_study

        written = load_study(study, storage).export(directory, trial_number, **how)
    click.echo(written)
