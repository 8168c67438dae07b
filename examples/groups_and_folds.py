"""Rows that belong together: patients with several visits each, a table in pandas, folds.

    python examples/groups_and_folds.py

Two visits of one patient are nearly the same row. Divided at random, they stand in train and test
rows alike, and the score says how well patients are remembered. `group="patient"` keeps all visits
of a patient in one split, so that it says how well new patients are predicted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import automl


def visits(n_patients: int = 120, n_visits: int = 4, seed: int = 0) -> pd.DataFrame:
    """Ten readings that tell patients apart; the first says a little of who is ill."""
    rng = np.random.default_rng(seed)
    readings = rng.normal(size=(n_patients, 10))
    risk = 1.2 * readings[:, 0] + rng.normal(scale=2.0, size=n_patients)
    of_visit = np.repeat(np.arange(n_patients), n_visits)
    noisy = readings[of_visit] + rng.normal(scale=0.02, size=(len(of_visit), 10))
    frame = pd.DataFrame(noisy, columns=[f"reading_{number}" for number in range(10)])
    frame["ward"] = rng.choice(["north", "south", "west"], len(frame))
    frame["patient"] = [f"P{number:03d}" for number in of_visit]
    return frame.assign(ill=np.where(risk > 0, "yes", "no")[of_visit])


def searched(frame: pd.DataFrame, **options: Any) -> Any:
    """A search whose trials are validated on three folds of the rows that are not test rows."""
    return automl.search(frame, target="ill", folds=3, references=False, **options)


def main() -> None:
    """Search with patients kept together, and as if every visit were a patient of its own."""
    frame, how = visits(), {"n_trials": 8, "max_epochs": 30, "storage": "sqlite:///visits.db"}
    together = searched(frame, group="patient", study="together", **how)
    divided = searched(frame, drop=["patient"], study="divided", **how)
    for words, result in (("new patients", together), ("visits divided", divided)):
        print(f"{words:<16}accuracy {result.evaluation.scores['accuracy']:.2f}")


if __name__ == "__main__":
    main()
