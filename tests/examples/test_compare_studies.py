from __future__ import annotations

from pathlib import Path

import pytest

from automl.studies import comparison, load_studies
from examples.compare_studies import SEARCHES, compared


@pytest.mark.slow
def test_the_search_of_two_units_is_worse_on_the_same_rows(tmp_path: Path) -> None:
    page = compared(tmp_path, n_trials=3, max_epochs=12, workers=1, references=False)
    assert "built-in" in page.read_text(encoding="utf-8")
    found = comparison(load_studies(list(SEARCHES), f"sqlite:///{tmp_path}/automl.db"))
    assert any("linear" in sentence and "interval" in sentence for sentence in found.findings)
