"""The program of a model predicts what the model does, of one row and of many."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from automl.data.table.preprocessing import Preprocessor
from automl.errors import ConfigError
from automl.export.contents import json_text
from automl.export.schema import input_schema
from automl.export.standalone.program_inputs import inputs_of
from automl.export.torch_program import Program, program_inputs, tables_of, traced
from automl.export.verification import as_texts, compare, made_up_rows, predicted_numbers
from automl.training.decisions import decide
from automl.training.trained_model import TrainedModel
from tests.automl.export.small_models import data_of
from tests.automl.export.small_tables import MODELS, odd_rows
from tests.automl.export.test_writing_own_networks import own_images, own_table


def program_of(model: TrainedModel) -> nn.Module:
    return torch.export.load(BytesIO(traced(model))).module()


def given_to(model: TrainedModel, rows: Any, folder: Path) -> tuple[torch.Tensor, ...]:
    """Raw rows as the folder's own code makes inputs of them."""
    schema = {**input_schema(model), "program": program_inputs(tables_of(model)).to_dict()}
    (folder / "schema.json").write_bytes(json_text(schema))
    return inputs_of(rows, folder)


def agree(model: TrainedModel, program: Any, given: tuple[torch.Tensor, ...], rows: Any) -> None:
    expected = predicted_numbers(model, rows)
    for n_rows in (len(expected), 1):
        found = [one.numpy() for one in program(*(one[:n_rows] for one in given))]
        compare(model, expected[:n_rows], found[-1])
        if model.task != "regression":
            assert found[0].dtype == np.int64
            assert found[0].tolist() == decide(found[-1], model.threshold).tolist()
            predicted = model.classes_[found[0]].tolist()
            table = model.predict_table(rows)
            assert predicted == table.columns[model.target][:n_rows].tolist()
    assert np.ptp(expected, axis=0).min() > 1e-3, "rows that are told apart"


pytestmark = pytest.mark.usefixtures("quiet_torch")

QUICK = ("folds", "numbers_with_gaps")


@pytest.mark.filterwarnings("ignore:.*count as missing", "ignore:.*counts as missing")
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS],
)
def test_rows_of_many_tables_are_predicted_alike(name: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    program = program_of(model)
    for rows in (*made_up_rows(model), odd_rows(model)):
        texts = as_texts(rows)
        agree(model, program, given_to(model, texts, tmp_path), texts)


@pytest.mark.parametrize("make", [own_table, own_images])
def test_networks_of_a_persons_own_are_traced(
    make: Callable[[], TrainedModel], tmp_path: Path
) -> None:
    model = make()
    program = program_of(model)
    (rows,) = made_up_rows(model)
    if model is not None and tables_of(model):
        rows = as_texts(rows)
        agree(model, program, given_to(model, rows, tmp_path), rows)
    else:
        agree(model, program, (torch.from_numpy(rows),), rows)


def test_what_cannot_be_traced_is_said_with_torchs_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def bound(self: Program, *rows: torch.Tensor) -> torch.Tensor:
        return rows[0] if rows[0].sum() > 0 else -rows[0]

    monkeypatch.setattr(Program, "forward", bound)
    with pytest.raises(ConfigError, match=r"if torch\.export can trace it, but it says: .*\w"):
        traced(MODELS["categories"]())


def test_each_column_has_a_place_and_each_category_a_code() -> None:
    (table,) = [one for one in data_of("binary").encoders if isinstance(one, Preprocessor)]
    given = program_inputs([table])
    assert given.numbers[:4] == ("size", "price", "share", "took")
    assert {"sold: days", "is_new", "flag"} <= set(given.numbers)
    assert given.codes["colour"] == ("NA", "blue", "green", "red")
    assert set(given.codes) == {"colour", "zip", "town"}
    assert (given.missing_code, given.other_code) == (0, -1)


def test_codes_beyond_those_that_are_listed_are_other_categories() -> None:
    model = MODELS["categories"]()
    program = Program(model).eval()
    codes = torch.tensor([[-1, -1], [99, 99], [-5, 10**9]])
    _, shares = program(torch.zeros(3, 0, dtype=torch.float64), codes)
    assert shares[0].equal(shares[1]) and shares[1].equal(shares[2])
