"""The trials of a study as a pandas table, for people who go on with them by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from automl.report.numbers.study import study_table
from search_spaces.space import completed
from storage.records import StudyRecords

FACTS = ("number", "state", "value", "epochs", "seconds")


def trials_frame(records: StudyRecords) -> pd.DataFrame:
    """One row per trial, in the order of their numbers.

    Columns: `number`; `state` ("complete", "pruned", "paused", "failed", "refused" or
    "unfinished"); `value`, the validation loss that ranks it, of trials that are not complete the
    last one, of failed ones none; `epochs` and `seconds` in training, of all folds together; then
    every parameter in the space's order, those with a fixed value too. A parameter that a trial
    does not have, since its condition did not hold, is missing there. One that is called like a
    column above is `params_NAME`, as in `optuna.Study.trials_dataframe`.
    """
    space: Mapping[str, Any] = records.space
    table = study_table(records)
    params = [{**completed(space, trial.params), **trial.params} for trial in table.trials]
    facts = {
        "number": [trial.number for trial in table.trials],
        "state": [trial.outcome for trial in table.trials],
        "value": [None if t.outcome == "failed" else t.value for t in table.trials],
        "epochs": [trial.effort.n_epochs for trial in table.trials],
        "seconds": [trial.effort.seconds for trial in table.trials],
    }
    names = dict.fromkeys([*space["parameters"], *(name for one in params for name in one)])
    columns = {
        f"params_{name}" if name in FACTS else name: pd.Series(
            [one.get(name) for one in params], dtype=None if params else object
        )
        for name in names
    }
    return pd.DataFrame({**facts, **columns})
