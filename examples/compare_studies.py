"""Is the one search better than the other? Two studies on the same test rows, row by row.

    python examples/compare_studies.py

Two losses alone do not say it: on other rows their order could turn. Networks that were scored on
the same rows are held against each other row by row, with a 95 % interval of the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import automl

SEARCHES: dict[str, dict[str, Any]] = {
    "built-in": {},
    "linear": {"set": ["n_layers=1", "hidden_size=2"]},
}
"""What is searched, and with what it is compared: a layer of two units between."""


def compared(folder: Path, **options: Any) -> Path:
    """Search twice, and write one page on both."""
    storage = f"sqlite:///{folder}/automl.db"
    for study, how in SEARCHES.items():
        result = automl.search("sklearn:digits", study=study, storage=storage, **how, **options)
        print(f"{study}: validation loss {result.best.value:.3f}")
    return automl.compare(list(SEARCHES), folder / "compare.html", storage)


def main() -> None:
    """Compare; `automl compare built-in linear` prints the same in the terminal."""
    print(compared(Path(), n_trials=15, max_epochs=20, references=False))


if __name__ == "__main__":
    main()
