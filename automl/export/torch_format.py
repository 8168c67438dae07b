"""A program of `torch.export` from raw numbers to predictions, checked before it is kept.

It is called with the typed columns of a table, as `torch_program.py` says, or with the values of
an array. Beside it lies what makes such columns of raw rows: schema.json and the code that reads
by it. The check runs both in a process of its own, in which this project cannot be imported.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from automl.export.card import model_card
from automl.export.contents import CARD, PROGRAM, SCHEMA, json_text
from automl.export.folder import write_folder
from automl.export.schema import input_schema
from automl.export.torch_program import program_inputs, tables_of, traced
from automl.export.verification import (
    REFUSING,
    compare,
    differs,
    made_up_rows,
    readable,
    said_alone,
)
from automl.export.writing import Origin, code_files, family_of
from automl.training.decisions import decide
from automl.training.trained_model import TrainedModel

CODE: Final = ("program_inputs.py", "table_rows.py")
"""What is copied from `standalone/`, of a table."""

OF_TABLE: Final = """\
With PyTorch alone (torch, numpy, pandas), in this folder:

```python
import torch
from program_inputs import inputs_of

program = torch.export.load("model.pt2").module()
numbers, codes = inputs_of("rows.csv")  # or a pandas DataFrame
predicted = program(numbers, codes)
```

The program takes numbers (N, n) float64, NaN where one is missing, and codes (N, m) int64 of
categories, for any number of rows. Which columns these are says "program" in
[schema.json](schema.json): truth values are 0 and 1, a date is the parts in "outputs" of its
column, the categories of a column have the codes 1, 2, ... in their order, an empty cell
"missing_code", any other category "other_code".
"""

OF_ARRAY: Final = """\
With PyTorch alone, in this folder:

```python
import torch

program = torch.export.load("model.pt2").module()
predicted = program(rows)
```

The program takes rows (N, ...) of the shape and type that [schema.json](schema.json) says.
"""

OF_CLASSES: Final = """
It gives two tensors: the classes, (N,) int64, as places in "classes" of the target in
schema.json, and their probabilities, (N, C) float64.
"""

OF_QUANTITY: Final = """
It gives one tensor: the values in the target's own unit, (N,) float64.
"""

ALONE: Final = (
    REFUSING
    + """
import importlib.util
import numpy
import torch
folder, *tables = sys.argv[1:]
program = torch.export.load(f"{folder}/model.pt2").module()
said = []
for rows in tables:
    if rows.endswith(".npy"):
        given = (torch.from_numpy(numpy.load(rows)),)
    else:
        spec = importlib.util.spec_from_file_location("inputs", f"{folder}/program_inputs.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        given = module.inputs_of(rows)
    first = program(*(one[:1] for one in given))
    said.append({
        "predicted": [one.tolist() for one in program(*given)],
        "first": [one.tolist() for one in first],
    })
print(json.dumps(said))
"""
)
"""What the process runs: the folder and files of rows in, predictions as JSON out."""


def export_torch(
    model: TrainedModel,
    directory: str | Path,
    origin: Origin | None = None,
    *,
    rows: Sequence[pd.DataFrame] = (),
    force: bool = False,
) -> Path:
    """Write model.pt2 with schema and card; arguments and errors as of `export_model`.

    Raises:
        ConfigError: PyTorch cannot trace a network, which is a person's own.
    """
    family_of(model)
    schema = input_schema(model)
    use = OF_ARRAY
    files: dict[str, bytes] = {}
    tables = tables_of(model)
    if tables:
        schema["program"] = program_inputs(tables).to_dict()
        use, files = OF_TABLE, code_files(CODE)
    use += OF_QUANTITY if model.task == "regression" else OF_CLASSES
    records, answer = (None, None) if origin is None else (origin.records, origin.answer)
    files |= {
        PROGRAM: traced(model),
        SCHEMA: json_text(schema),
        CARD: model_card(model, schema, records, answer, use).encode(),
    }
    check = functools.partial(check_program, model=model, tables=rows)
    return write_folder(directory, files, check, force=force)


def check_program(folder: Path, model: TrainedModel, tables: Sequence[pd.DataFrame] = ()) -> None:
    """Hold what a folder's program makes of raw rows against what the stored model does.

    Of each table the first row is predicted alone as well: a program may be bound to a number of
    rows.

    Raises:
        TrainingError: it predicts something else, or cannot be run.
    """
    rows, expected = readable(model, [*made_up_rows(model), *tables])
    for wanted, said in zip(expected, said_alone(folder, PROGRAM, ALONE, rows), strict=True):
        for part, whole in (("predicted", wanted), ("first", wanted[:1])):
            found: list[Any] = said[part]
            values = np.asarray(found[-1], dtype=np.float64)
            if values.shape != whole.shape:
                raise differs(f"they have the shape {values.shape} and not {whole.shape}")
            compare(model, whole, values)
            is_class = model.task != "regression"
            if is_class and decide(values, model.threshold).tolist() != found[0]:
                raise differs("the classes that it decides for are others")
