"""A person's own network in a notebook: a real Jupyter kernel, and two workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.own_networks import DIGITS, ROOT

pytest.importorskip("ipykernel")
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

CELLS = [
    DIGITS,
    """
options = dict(space="convolutional.toml", workers=2, n_trials=2, max_epochs=2)
result = automl.search((images, digits.target), model=build, **options)
print(result.evaluation.scores["accuracy"] > 0.7)
print(result.best_model().module()(__import__("torch").zeros(2, 1, 8, 8)).shape)
""",
    """
def broken(params, dataset):
    raise ValueError("no such block: 7")

options["n_trials"] = 20
try:
    automl.search((images, digits.target), model=broken, study="broken", **options)
except automl.TrainingError as error:
    print(error)
    print(error.__notes__[0].splitlines()[-1])
""",
]


@pytest.mark.slow
def test_cells_define_a_network_and_search_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(
        notebook,
        timeout=200,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    printed = [
        "".join(output["text"] for output in cell.outputs if output.get("name") == "stdout")
        for cell in cells
    ]
    assert printed[1] == "True\ntorch.Size([2, 10])\n"
    error, traceback = printed[2].splitlines()
    assert (
        "all failed alike: ValueError: no such block: 7 (a notebook's cell, line 2, in broken)"
        in error
    )
    assert traceback == "ValueError: no such block: 7"
