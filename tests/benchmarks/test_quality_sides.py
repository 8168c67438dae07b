"""A peer is a script that reads rows, fits and writes what it predicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality_scores import read_score
from benchmarks.quality_sides import Peer
from benchmarks.quality_tables import make_table


def test_boosted_trees_take_texts_with_empty_cells(tmp_path: Path) -> None:
    numbers = np.arange(200)
    words = np.where(numbers % 3 == 0, "low", "high").astype(object)
    words[::10] = None
    frame = pd.DataFrame(
        {"word": words, "number": numbers % 7, "y": np.where(numbers % 3, "a", "b")}
    )
    frame.to_csv(tmp_path / "texts.csv", index=False)
    table = make_table(tmp_path, "texts:y", 0, tmp_path / "made")
    told = Peer("boosted_trees", 5.0).run(table, 0, tmp_path)
    assert read_score(told.files["boosted_trees"], table).error < 0.2
