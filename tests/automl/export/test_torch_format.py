"""A folder with a program: checked without this project, whole or not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from automl.errors import DataError, TrainingError
from automl.export import torch_format
from automl.export.loading import load_export
from automl.export.manifest import read_files
from automl.export.torch_format import OF_TABLE, export_torch
from automl.export.torch_program import traced
from automl.export.verification import as_texts, compare, predicted_numbers
from tests.automl.export.small_models import data_of, every_kind, model_of, network
from tests.automl.export.small_tables import MODELS
from tests.automl.export.test_writing_own_networks import own_images

pytestmark = pytest.mark.usefixtures("quiet_torch")


def test_the_folder_has_a_program_with_all_that_feeds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what its card says is run."""
    model = MODELS["folds"]()
    folder = export_torch(model, tmp_path / "exported", rows=[every_kind("multiclass", 30)])
    files = read_files(folder)
    assert files.keys() == {
        *("model.pt2", "schema.json", "README.md", "program_inputs.py", "table_rows.py")
    }
    assert json.loads(files["schema.json"])["program"]["codes"]["zip"] == [
        "02116",
        "10001",
        "94110",
    ]
    assert str(Path(__file__).parents[3]).encode() not in files["model.pt2"]
    rows = as_texts(every_kind("multiclass", 20).drop(columns="target"))
    rows.to_csv(folder / "rows.csv", index=False)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    said: dict[str, Any] = {}
    exec(OF_TABLE.split("```python\n")[1].split("```")[0], said)
    compare(model, predicted_numbers(model, rows), said["predicted"][1].numpy())
    (folder / "rows.csv").unlink()
    with pytest.raises(DataError, match=r"a torch program, which torch\.export\.load reads"):
        load_export(folder)


def test_a_network_on_arrays_is_a_program_of_their_values(tmp_path: Path) -> None:
    folder = export_torch(own_images(), tmp_path / "exported")
    assert read_files(folder).keys() == {"model.pt2", "schema.json", "README.md"}
    program = torch.export.load(folder / "model.pt2").module()
    codes, shares = program(torch.zeros(5, 1, 6, 6))
    assert codes.shape == (5,) and shares.shape == (5, 3)


def test_a_program_that_does_not_agree_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of("binary")
    one = network(data)
    weights = {**one.weights, "output.bias": one.weights["output.bias"] + 1e-3}
    other = traced(model_of(data, replace(one, weights=weights)))
    monkeypatch.setattr(torch_format, "traced", lambda model: other)
    with pytest.raises(TrainingError, match="apart; nothing was written"):
        export_torch(model_of(data, one), tmp_path / "exported")
    broken = save({"weights": torch.zeros(2)})
    monkeypatch.setattr(torch_format, "traced", lambda model: broken)
    with pytest.raises(TrainingError, match=r"its model\.pt2 failed"):
        export_torch(model_of(data, one), tmp_path / "exported")
    assert not list(tmp_path.iterdir())
