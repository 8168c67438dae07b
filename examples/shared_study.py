"""One study, two processes, one SQLite file; and tomorrow a third, which goes on with it.

    python examples/shared_study.py

Both processes call the same search. Each claims its trials in the database, so that together they
make `n_trials` and none twice; two terminals with the same `automl search` do the same. `resume`
needs neither data nor options again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import automl

SEARCH = """
import sys, automl
storage, n_trials = sys.argv[1], int(sys.argv[2])
automl.search(
    "sklearn:wine", study="shared", storage=storage, n_trials=n_trials, max_epochs=15, folds=1,
    workers=1, references=False,
)
"""


def search_together(storage: str, n_trials: int, n_processes: int = 2) -> Sequence[int]:
    """The processes' exit codes, once all trials are done."""
    command = [sys.executable, "-c", SEARCH, storage, str(n_trials)]
    processes = [subprocess.Popen(command) for _ in range(n_processes)]
    return [process.wait() for process in processes]


def main() -> None:
    """Search in two processes, then go on in this one."""
    storage = "sqlite:///shared.db"
    search_together(storage, n_trials=20)
    first = automl.load_study("shared", storage)
    print(f"{len(first.trials)} trials, best loss {first.best.value:.4f}")
    result = automl.resume("shared", storage, n_trials=30)
    print(f"{len(result.trials)} trials, best loss {result.best.value:.4f}")


if __name__ == "__main__":
    main()
