"""Worker processes from a notebook: a real Jupyter kernel, whose `__main__` is no file."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ipykernel")
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[2]

CELLS = [
    """
from automl.executors.choosing import make_executor
from tests.contracts.linear_trainer import tiny_dataset, tiny_run

executor = make_executor(tiny_dataset(), workers=2, engine="processes", trainer="stacked")
executor.start([tiny_run(run_id) for run_id in range(6)])
""",
    """
best = {}
while executor.active:
    for epoch in executor.next_round().epochs:
        best[epoch.run_id] = min(epoch.valid_loss, best.get(epoch.run_id, 9.0))
        if epoch.epoch == 3:
            executor.stop(epoch.run_id)
print(sorted(best), all(loss < 9.0 for loss in best.values()))
""",
    """
weights = executor.best_weights(0)
executor.start([tiny_run(7)])
print(len(weights) > 0, executor.next_round().epochs[0].run_id)
executor.close()
""",
]


def printed(cell: object) -> str:
    return "".join(output.get("text", repr(output)) for output in cell.outputs)


def test_cells_of_a_notebook_train_with_two_workers(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert [printed(cell) for cell in notebook.cells] == [
        "",
        "[0, 1, 2, 3, 4, 5] True\n",
        "True 7\n",
    ]
