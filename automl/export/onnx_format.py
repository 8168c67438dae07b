"""One ONNX graph from raw columns to predictions, checked with onnxruntime before it is kept.

Every column that is read is an input of its own, (N, 1): numbers and dates as double, texts as
strings. Imputation, scaling, encoding, all networks, their weighted mean, the target's transform,
the threshold and the names of classes are nodes of the graph. What stays outside is how people
write cells: "$1,250" is to be the number 1250, and a date its days since 1970.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto

from automl.data.table.cells import raw_column
from automl.data.table.column_reading import read_column, read_far_moments
from automl.data.table.columns import ColumnPlan, MissingMarks
from automl.data.table.date_formats import days_since_1970
from automl.data.table.preprocessing import Preprocessor
from automl.errors import AutoMLError, ConfigError, TrainingError, reason_of
from automl.export.card import model_card
from automl.export.contents import CARD, GRAPH, SCHEMA, json_text
from automl.export.folder import write_folder
from automl.export.onnx_graph import Graph
from automl.export.onnx_inputs import (
    EncodedInputs,
    encoded_inputs,
    is_text,
    take_columns,
    typed_columns,
)
from automl.export.onnx_network import PerceptronNodes
from automl.export.schema import input_schema
from automl.export.verification import (
    TOLERANCE,
    apart,
    as_texts,
    compare,
    made_up_rows,
    predicted_numbers,
)
from automl.export.writing import Origin, family_of
from automl.training.trained_model import TrainedModel

ROUNDINGS: Final = 4.0
"""As two sums in float32 may lie on either side of the true one, twice over."""

USE: Final = """\
The graph reads raw columns, (N, 1) each: numbers, dates and truth values of 0 and 1 as double, NaN
where one is missing; dates as days since 1970 in UTC, hours as parts of days; categories and truth
values in words as strings, empty where one is missing.

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd

session = onnxruntime.InferenceSession("model.onnx")
schema = json.loads(Path("schema.json").read_text())
columns = {one["name"]: one for one in schema["columns"]}
frame = pd.read_csv("rows.csv", dtype=str, keep_default_na=False)  # every cell as it is written
epochs = {"seconds since 1970": 86_400, "milliseconds since 1970": 86_400_000}
feeds = {}
for one in session.get_inputs():
    column = columns[one.name]
    cells = frame[one.name].fillna("").str.strip()
    if one.type == "tensor(string)":
        values = cells.to_numpy(object)
    else:
        missing, pattern = column["missing"], column["written"]["dates"]["pattern"] or "ISO8601"
        marks = [*schema["missing_marks"]["numbers"], *missing["named"], *missing["strays"]]
        known = cells.mask(cells.str.lower().isin([mark.lower() for mark in marks]))
        if column["kind"] != "date":
            values = pd.to_numeric(known).to_numpy(np.float64)
        else:
            written = known.notna()
            if shape := column["written"]["dates"]["shape"]:
                known = known.where(known.str.fullmatch(shape, na=False))
            if pattern in epochs:
                values = pd.to_numeric(known).to_numpy(np.float64) / epochs[pattern]
            else:
                moments = pd.to_datetime(known, format=pattern, errors="coerce", utc=True)
                since = moments - pd.Timestamp("1970-01-01", tz="UTC")
                values = (since.dt.total_seconds() / 86_400).to_numpy()
            for cell in cells[np.isnan(values) & written].unique():
                print(f"{one.name}: {cell!r} counts as missing")
    feeds[one.name] = values.reshape(-1, 1)
outputs = session.run(None, feeds)
```

[schema.json](schema.json) says what each column is. Numbers with units or marks between thousands
are to be plain ones first: "$1,250" is 1250, "1:30:00" is 5400 seconds.
"""


def export_onnx(
    model: TrainedModel,
    directory: str | Path,
    origin: Origin | None = None,
    *,
    rows: Sequence[pd.DataFrame] = (),
    force: bool = False,
) -> Path:
    """Write model.onnx with schema and card; arguments and errors as of `export_model`.

    Raises:
        ConfigError: the networks are a person's own, or the data no table.
    """
    content = onnx_model(model).SerializeToString()
    schema = input_schema(model)
    records, answer = (None, None) if origin is None else (origin.records, origin.answer)
    files = {
        GRAPH: content,
        SCHEMA: json_text(schema),
        CARD: model_card(model, schema, records, answer, USE).encode(),
    }
    check = functools.partial(check_onnx, model=model, tables=rows)
    return write_folder(directory, files, check, force=force)


def onnx_model(model: TrainedModel) -> Any:
    """A trained model as an `onnx.ModelProto`.

    Raises:
        ConfigError: it cannot be expressed.
    """
    tables = _tables(model)
    graph = Graph()
    plans = tables[0].plans
    raw = take_columns(graph, plans)
    typed = typed_columns(graph, plans, raw)
    encoded: dict[int, EncodedInputs] = {}
    mean = ""
    for member in model.members:
        table = member.network.encoder
        assert isinstance(table, Preprocessor)  # see `_tables`
        if id(table) not in encoded:
            encoded[id(table)] = encoded_inputs(graph, table, typed)
        nodes = PerceptronNodes(graph, member.network, model.task)
        predicted = nodes.predictions(encoded[id(table)])
        part = graph.add("Mul", predicted, graph.constant(member.weight, np.float64))
        mean = graph.add("Add", mean, part) if mean else part
    _give(graph, model, mean, set(raw))
    facts = {
        "target": model.target,
        "task": model.task,
        "schema": json.dumps(input_schema(model), ensure_ascii=False),
    }
    return graph.model("automl-torch", facts)


def _tables(model: TrainedModel) -> list[Preprocessor]:
    """The preprocessing of each network.

    Raises:
        ConfigError: there is none, or the networks are not perceptrons.
    """
    if family_of(model) != "mlp":
        raise ConfigError(
            "perceptrons can be written as ONNX from raw columns, but these networks are built by "
            "a function of yours; model.modules are theirs, for torch.onnx.export"
        )
    encoders = [member.network.encoder for member in model.members]
    return [encoder for encoder in encoders if isinstance(encoder, Preprocessor)]


def _give(graph: Graph, model: TrainedModel, mean: str, taken: set[str]) -> None:
    """The outputs: the prediction, and of classes their probabilities."""
    prediction, probabilities = (_free(name, taken) for name in ("prediction", "probabilities"))
    if model.task == "regression":
        values = graph.add("Squeeze", mean, graph.constant([1], np.int64))
        graph.give(values, prediction, TensorProto.DOUBLE, ["rows"])
        return
    if model.threshold is None:
        place = graph.add("ArgMax", mean, axis=1, keepdims=0)
    else:
        second = graph.add("Gather", mean, graph.constant(1, np.int64), axis=1)
        is_above = graph.add("Greater", second, graph.constant(model.threshold, np.float64))
        place = graph.cast(is_above, TensorProto.INT64)
    classes = np.asarray(model.classes_)
    kinds = {
        "i": TensorProto.INT64,
        "f": TensorProto.DOUBLE,
        "b": TensorProto.BOOL,
        "O": TensorProto.STRING,
    }
    names = graph.constant(classes)
    kind = kinds[classes.dtype.kind]
    graph.give(graph.add("Gather", names, place), prediction, kind, ["rows"])
    graph.give(mean, probabilities, TensorProto.DOUBLE, ["rows", len(classes)])


def _free(name: str, taken: set[str]) -> str:
    """A name that no column has."""
    while name in taken:
        name += "_"
    return name


def check_onnx(folder: Path, model: TrainedModel, tables: Sequence[pd.DataFrame] = ()) -> None:
    """Hold what onnxruntime makes of raw rows against what the stored model does.

    Raises:
        TrainingError: it predicts something else, or cannot run the graph.
    """
    try:
        session = onnxruntime.InferenceSession(
            str(folder / GRAPH), providers=["CPUExecutionProvider"]
        )
        for table in [*made_up_rows(model), *tables]:
            texts = as_texts(table)
            expected, found = predicted_numbers(model, texts), run_onnx(session, model, texts)[1]
            compare(model, expected, found, tolerance_of(model, texts, expected))
    except AutoMLError:
        raise
    except Exception as error:  # onnxruntime has a dozen of its own, of no common kind
        raise TrainingError(
            f"a graph is kept if onnxruntime can run it, but: {reason_of(error)}"
        ) from error


def tolerance_of(model: TrainedModel, table: pd.DataFrame, expected: NDArray[np.float64]) -> float:
    """`TOLERANCE`, or `ROUNDINGS` times what rounding alone is worth, where that is more.

    Other kernels add in another order. How far that goes is seen in double precision, of a
    network that makes much of small differences.
    """
    rounding = apart(model, expected, predicted_numbers(model.double(), table))
    return max(TOLERANCE, ROUNDINGS * rounding)


def run_onnx(
    session: Any, model: TrainedModel, table: pd.DataFrame
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Predictions (N,), and probabilities (N, C) or the same values (N,), of rows of texts."""
    plans = _tables(model)[0].plans
    feeds = {plan.name: fed(table[plan.name], plan) for plan in plans if not plan.dropped}
    first, *others = session.run(None, feeds)
    return np.asarray(first), np.asarray(others[0] if others else first, dtype=np.float64)


def fed(cells: pd.Series[Any], plan: ColumnPlan) -> NDArray[Any]:
    """A raw column as the graph takes it, (N, 1): what is written, marks as what they look like.

    What of it counts as missing decides the graph, which is checked with what is fed here.
    """
    if is_text(plan):
        texts = raw_column(cells).values
        return np.array([["" if text is None or text != text else text] for text in texts], object)
    if plan.kind == "date":
        return days_since_1970(read_far_moments(raw_column(cells), plan.dates.pattern))[:, None]
    read = read_column(cells, replace(plan, missing=MissingMarks())).outputs[0]
    return np.asarray(read, dtype=np.float64)[:, None]
