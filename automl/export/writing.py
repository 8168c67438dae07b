"""Write a model as a folder that stands alone, once it has been loaded again and agrees.

Perceptrons come with code that builds them in plain PyTorch. Networks of a person's own are built
by a file of theirs, which stays theirs: such an export has weights, schema and configuration, and
its card says how they come together.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from automl.errors import ConfigError
from automl.export import standalone
from automl.export.card import model_card
from automl.export.contents import CARD, CONFIG, SCHEMA, json_text, plain, tensor_files
from automl.export.folder import write_folder
from automl.export.how_to_use import how_to_use
from automl.export.schema import input_schema
from automl.export.verification import check_alone, check_loaded
from automl.training.trained_model import TrainedModel
from storage.records import StudyRecords
from storage.score_records import AnswerRecord

CODE: Final = (
    *("model.py", "preprocessing.py", "table_rows.py"),
    *("train.py", "first_weights.py", "updates.py"),
)
"""What is copied from `standalone/` as it is."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The study that a model comes from, for its card."""

    records: StudyRecords
    answer: AnswerRecord


def export_model(
    model: TrainedModel,
    directory: str | Path,
    origin: Origin | None = None,
    *,
    rows: Sequence[pd.DataFrame] = (),
    force: bool = False,
) -> Path:
    """Write a model with its configuration, schema, card and, of perceptrons, code.

    Args:
        origin: where it comes from; None: the card says of the model alone.
        rows: raw ones by which it is checked, beside those that are made up.
        force: an earlier export there is replaced.

    Returns:
        The folder, as it was given.

    Raises:
        OutputError: it cannot be written, or something would be lost.
        ConfigError: the model is of a kind that cannot be exported.
        TrainingError: what was written does not predict what the model does.
    """
    family = family_of(model)
    files, check = exported_files(model, origin)
    if family == "mlp":
        files |= code_files()
        check = functools.partial(check_alone, model=model, tables=rows)
    return write_folder(directory, files, check, force=force)


def exported_files(
    model: TrainedModel, origin: Origin | None
) -> tuple[dict[str, bytes], Callable[[Path], None]]:
    """The files of a model without code, and what checks a folder with them."""
    config, files = tensor_files(model)
    records, answer = (None, None) if origin is None else (origin.records, origin.answer)
    is_weighed = records is not None and records.settings.class_weights
    schema = input_schema(model)
    use = how_to_use(model)
    files |= {
        CONFIG: json_text(plain(replace(config, class_weights=is_weighed))),
        SCHEMA: json_text(schema),
        CARD: model_card(model, schema, records, answer, use).encode(),
    }
    return files, functools.partial(check_loaded, model=model)


def family_of(model: TrainedModel) -> str:
    """The family of a model's networks.

    Raises:
        ConfigError: an export does not know it.
    """
    families = {member.network.run.family for member in model.members}
    if len(families) > 1 or not families <= {"mlp", "own"}:
        raise ConfigError(
            "perceptrons and networks built by a function of yours can be exported, but these are "
            f"of the family {', '.join(sorted(families))}; their weights are in model.modules"
        )
    return families.pop()


def code_files(names: Sequence[str] = CODE) -> dict[str, bytes]:
    """Code that goes with an export, by name; all that goes with perceptrons by default."""
    folder = Path(standalone.__path__[0])
    return {name: (folder / name).read_bytes() for name in names}
