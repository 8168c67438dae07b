"""The expert's side of `benchmarks.search`: `expert_search.py` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.search_results import Found, Sizes, Trial, improvements
from benchmarks.search_tables import Table

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def search(table: Table, seconds: float, seed: int, folder: Path) -> tuple[Found, Sizes]:
    """Run one search of a table, and say how wide the expert's table is."""
    folder.mkdir(parents=True)
    out, began = folder / "found.json", time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.expert_search"),
            *(str(table.folder), table.target, table.task),
            *("--until", str(began + seconds), "--out", str(out), "--seed", str(seed)),
        ],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    took = time.monotonic() - began
    found = json.loads(out.read_text())
    trials = tuple(
        Trial(one["params"], len(one["losses"]), float(len(one["losses"])), one["is_complete"])
        for one in found["trials"]
    )
    known = [(at - began, loss) for one in found["trials"] for at, loss in one["losses"]]
    sizes = Sizes(table.n_rows("train"), found["n_inputs"], found["n_outputs"])
    return Found(trials, improvements(known), took), sizes
