"""The tutorial, run in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ipykernel")
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[2]
NOTEBOOK = nbformat.read(ROOT / "examples" / "tutorial.ipynb", as_version=4)


def test_it_is_kept_without_outputs() -> None:
    assert all(cell.cell_type == "markdown" or not cell.outputs for cell in NOTEBOOK.cells)


@pytest.mark.slow
def test_every_cell_runs_and_shows_what_its_text_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    client = nbclient.NotebookClient(
        NOTEBOOK.copy(),
        timeout=200,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    done = client.execute()
    searched, table, figure, missing, verdict, model, loaded = [
        cell.outputs for cell in done.cells if cell.cell_type == "code"
    ]
    assert [one.output_type for one in searched] == ["display_data", "execute_result"]
    assert "12/12 trials" in searched[0].data["text/plain"]
    assert "<h3" in searched[1].data["text/html"]
    assert "learning_rate" in table[0].data["text/html"]
    assert "application/vnd.plotly.v1+json" in figure[0].data
    assert "No predictions of values are kept" in missing[0].text
    assert "<b>" in verdict[0].data["text/html"]
    assert model[0].text.startswith("['setosa' 'setosa' 'setosa'] (150, 3)")
    assert "Trained model of target" in model[1].data["text/html"]
    assert loaded[0].text.strip() == "['flowers'] tutorial.html"
    assert (tmp_path / "tutorial.html").exists()
