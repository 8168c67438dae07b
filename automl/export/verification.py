"""An exported folder is loaded again by its own code, without this project, before it is kept.

A process of its own, in which neither this project nor the folder that it was started in can be
imported, predicts rows with the folder's model.py. What it says must be what the stored model
says.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.array.encoder import ArrayEncoder
from automl.data.table.preprocessing import Preprocessor
from automl.errors import DataError, TrainingError, first_line
from automl.export.loading import load_known
from automl.export.sample_rows import sample_array, sample_rows
from automl.training.decisions import decide
from automl.training.trained_model import TrainedModel

TOLERANCE: Final = 1e-5
"""Of probabilities, and of quantities in units of the target's deviation in the train rows or of
the quantity itself, whichever is larger: networks compute with seven digits."""

SECONDS: Final = 300

REFUSING: Final = """
import json, sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("automl", "search_spaces", "storage", "cli"):
            raise ModuleNotFoundError(f"{name} cannot be imported where an export is checked")
sys.meta_path.insert(0, Refusing())
"""
"""What a process begins with in which this project cannot be imported."""

ALONE: Final = (
    REFUSING
    + """
import importlib.util
folder, *tables = sys.argv[1:]
spec = importlib.util.spec_from_file_location("model", f"{folder}/model.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
model = module.Model.load(folder)
said = []
for rows in tables:
    said.append({"values": model.predict(rows).tolist()})
    if model.task != "regression":
        said[-1]["probabilities"] = model.predict_proba(rows).tolist()
print(json.dumps(said))
"""
)
"""What the process runs: the folder and files of rows in, predictions as JSON out."""


def check_loaded(folder: Path, model: TrainedModel) -> None:
    """Hold a folder, loaded again in this process, against the stored model.

    Raises:
        TrainingError: it predicts something else.
        DataError: it cannot be loaded.
    """
    loaded = load_known(folder)
    for rows in made_up_rows(model):
        compare(model, predicted_numbers(model, rows), predicted_numbers(loaded, rows))


def check_alone(folder: Path, model: TrainedModel, tables: Sequence[pd.DataFrame] = ()) -> None:
    """Likewise, and hold what the folder's own code predicts against the stored model.

    Args:
        tables: raw rows beside those that are made up; any that the stored model cannot read
            are left out.

    Raises:
        TrainingError: it predicts something else, or cannot be run.
        DataError: it cannot be loaded.
    """
    check_loaded(folder, model)
    texts, expected = readable(model, [*made_up_rows(model), *tables])
    for wanted, said in zip(expected, predictions_alone(folder, texts), strict=True):
        values = said["values"] if model.task == "regression" else said["probabilities"]
        compare(model, wanted, np.asarray(values))
        if model.task != "regression":
            decided = model.classes_[decide(np.asarray(values), model.threshold)]
            if decided.tolist() != said["values"]:
                raise differs("the classes that it decides for are others")


def readable(
    model: TrainedModel, tables: Sequence[Any]
) -> tuple[list[Any], list[NDArray[np.float64]]]:
    """Rows by which an export is checked, tables as texts, and what the stored model predicts.

    Any that it cannot read, as of a table that has changed since, are left out.
    """
    rows, expected = [], []
    for table in tables:
        given = as_texts(table) if isinstance(table, pd.DataFrame) else table
        with contextlib.suppress(DataError):
            expected.append(predicted_numbers(model, given))
            rows.append(given)
    return rows, expected


def made_up_rows(model: TrainedModel) -> list[Any]:
    """Rows by which an export is checked, without any data."""
    encoder = model.members[0].network.encoder
    if isinstance(encoder, Preprocessor):
        return [sample_rows(encoder)]
    if isinstance(encoder, ArrayEncoder):
        return [sample_array(encoder.array_encoding)]
    return []


def as_texts(table: pd.DataFrame) -> pd.DataFrame:
    """A table as its CSV file is read: what both sides are then given."""
    return pd.read_csv(
        StringIO(table.to_csv(index=False)), dtype=str, keep_default_na=False, index_col=False
    )


def predicted_numbers(model: TrainedModel, rows: Any) -> NDArray[np.float64]:
    """Probabilities (N, C), or values (N,), without a warning of cells that are not read."""
    columns = [np.asarray(values) for values in model.predict_table(rows).columns.values()]
    if model.task == "regression":
        return np.asarray(columns[0], dtype=np.float64)
    return np.stack(columns[1:], axis=1).astype(np.float64)


def predictions_alone(folder: Path, tables: Sequence[pd.DataFrame]) -> list[dict[str, Any]]:
    """What a folder's model.py predicts of each table, in a process without this project.

    Raises:
        TrainingError: it fails.
    """
    return said_alone(folder, "model.py", ALONE, tables)


def said_alone(folder: Path, what: str, code: str, tables: Sequence[Any]) -> list[dict[str, Any]]:
    """What a folder predicts of each table, in a process without this project.

    Args:
        what: the file of the folder that does it, for errors.
        code: what the process runs: the folder and files of rows in, JSON out.
        tables: frames of texts, or arrays.

    Raises:
        TrainingError: it fails.
    """
    with tempfile.TemporaryDirectory() as elsewhere:
        files = [_file_of(table, Path(elsewhere, f"rows-{n}")) for n, table in enumerate(tables)]
        command = [sys.executable, "-I", "-B", "-c", code, str(folder), *files]
        try:
            done = subprocess.run(
                command,
                cwd=elsewhere,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TrainingError(
                f"an export is checked before it is kept, but its {what} took over {SECONDS} s"
            ) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise TrainingError(
            f"an export is checked before it is kept, but its {what} failed: "
            f"{first_line(ValueError(lines[-1]))[:300]}"
        )
    said: list[dict[str, Any]] = json.loads(done.stdout)
    return said


def _file_of(rows: Any, path: Path) -> str:
    """Where rows were written: a table as CSV, an array as NumPy does."""
    if isinstance(rows, pd.DataFrame):
        file = path.with_suffix(".csv")
        rows.to_csv(file, index=False)
    else:
        file = path.with_suffix(".npy")
        np.save(file, rows)
    return str(file)


def compare(
    model: TrainedModel,
    expected: NDArray[np.float64],
    found: NDArray[np.float64],
    tolerance: float = TOLERANCE,
) -> None:
    """Hold predictions against those of the stored model.

    Raises:
        TrainingError: they are further apart.
    """
    off = apart(model, expected, found)
    if not off <= tolerance:
        raise differs(f"they are {off:.2g} apart")


def apart(model: TrainedModel, expected: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """The largest difference of two predictions, in the units of `TOLERANCE`."""
    unit: Any = 1.0
    if model.task == "regression":
        scale = max(abs(member.network.target.scale) for member in model.members)
        unit = np.maximum(np.abs(expected), max(scale, np.finfo(float).tiny))
    return float((np.abs(found - expected) / unit).max(initial=0.0))


def differs(why: str) -> TrainingError:
    """The error of an export that does not predict what the stored model does."""
    return TrainingError(
        "an export is kept where it predicts what the stored model does, within "
        f"{TOLERANCE:g}, but {why}; nothing was written: please report it"
    )
