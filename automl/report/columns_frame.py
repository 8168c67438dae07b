"""How much each column matters, as a pandas table, for people who go on with it by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from storage.score_records import ColumnImportance, PairedDifference


def columns_frame(importances: Sequence[ColumnImportance]) -> pd.DataFrame:
    """One row per column of the data, the most important first.

    Columns: `column`; for the loss, and for the score of the study's metric if it has one, by how
    much it is better with the column than with its values shuffled, `loss`, with its standard
    error, `loss_standard_error`, and 95 % interval, `loss_low` to `loss_high`; `alike`, the
    columns that tell nearly the same, parted by commas.
    """
    rows = [
        {"column": one.name, **_worth(one.gains), "alike": ", ".join(one.alike)}
        for one in importances
    ]
    return pd.DataFrame(rows, columns=None if rows else ["column", "alike"])


def _worth(gains: Mapping[str, PairedDifference]) -> dict[str, float]:
    return {
        name: value
        for score, gain in gains.items()
        for name, value in (
            (score, gain.value),
            (f"{score}_standard_error", gain.standard_error),
            (f"{score}_low", gain.low),
            (f"{score}_high", gain.high),
        )
    }
