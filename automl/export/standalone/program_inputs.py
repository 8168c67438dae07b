"""Raw rows of a table as the inputs of model.pt2, the program beside this file.

    import torch
    from program_inputs import inputs_of

    program = torch.export.load("model.pt2").module()
    predicted = program(*inputs_of("rows.csv"))  # or a pandas DataFrame

schema.json says which columns there are and what stands for each category; `table_rows.py` reads
their cells. Nothing but torch, NumPy and pandas is needed.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

HERE = Path(__file__).resolve().parent


def beside(name: str) -> ModuleType:
    """Load a module that lies beside this one, whatever the path of imports is."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


table_rows = beside("table_rows")


def inputs_of(rows: Any, folder: str | Path = HERE) -> tuple[Tensor, Tensor]:
    """Numbers (N, n) float64, NaN where one is missing, and codes (N, m) int64 of categories.

    Args:
        rows: a DataFrame, or the path of a CSV, TSV or Parquet file.
        folder: where schema.json lies.

    Raises:
        ValueError: as `table_rows.read_rows` says.
    """
    schema = json.loads(Path(folder, "schema.json").read_bytes())
    typed, given = table_rows.read_rows(rows, schema), schema["program"]
    n_rows = len(next(iter(typed.values())))
    numbers = np.empty((n_rows, len(given["numbers"])))
    for place, name in enumerate(given["numbers"]):
        numbers[:, place] = typed[name]
    codes = np.empty((n_rows, len(given["codes"])), dtype=np.int64)
    for place, (name, categories) in enumerate(given["codes"].items()):
        known = {one: code for code, one in enumerate(categories, start=1)}
        known[table_rows.MISSING_CATEGORY] = given["missing_code"]
        codes[:, place] = [known.get(str(one), given["other_code"]) for one in typed[name]]
    return torch.from_numpy(numbers), torch.from_numpy(codes)
