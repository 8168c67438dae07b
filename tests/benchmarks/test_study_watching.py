"""A search that is watched: every loss that its file has is seen."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from benchmarks.study_watching import watch


def test_a_loss_of_0_is_one_and_a_missing_one_is_none(tmp_path: Path) -> None:
    database = tmp_path / "automl.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "create table trial_intermediate_values (trial_intermediate_value_id integer, "
            "trial_id integer, intermediate_value real)"
        )
        connection.executemany(
            "insert into trial_intermediate_values values (?, 1, ?)",
            [(1, 0.5), (2, 0.0), (3, None)],  # none: it is not finite
        )
        connection.commit()
    process = subprocess.Popen([sys.executable, "-c", ""])
    losses = watch(process, database, time.time())
    assert [(trial, loss) for _, trial, loss in losses] == [(1, 0.5), (1, 0.0)]
