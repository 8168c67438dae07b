"""How much each column of the table matters to what is predicted, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from automl.diagnostics.column_use import (
    Use,
    alike_sentence,
    missing_use,
    ranked_columns,
    shown_score,
)
from automl.errors import ConfigError
from automl.report.interval_bars import Bar, interval_bars
from automl.report.numbers.study import StudyTable
from automl.report.panels import Panel, Place, Remark
from automl.wording.counts import count
from automl.wording.scores import HIGHER_IS_BETTER, difference_text, score_name
from storage.answers import study_importances
from storage.score_records import ImportancesRecord

PLACE = Place("columns")
TITLE = "Importance of columns"
N_SHOWN: Final = 12
"""Bars on the page's first screens; a notebook has all."""

N_PAIRS: Final = 3


def panels(table: StudyTable) -> list[Panel | Remark]:
    """The columns that matter most, or why that is not known; an objective has none."""
    if table.records.settings.is_objective:
        return []
    found = study_importances(table.records)
    if found is None or found.missing_because is not None:
        return [Remark(PLACE, "column-importances", TITLE, missing_use(table.records))]
    shown = ranked_columns(found)[:N_SHOWN]
    score = shown_score(found)
    return [
        Panel(
            PLACE,
            key="column-importances",
            title=TITLE,
            alternative=words(shown, score),
            figure=drawing(shown, score),
            caption=caption(found),
        )
    ]


def figure(table: StudyTable) -> go.Figure:
    """How much each column matters to what is predicted: all that were measured.

    Raises:
        ConfigError: they were not.
    """
    found = study_importances(table.records)
    if found is None or found.missing_because is not None:
        raise ConfigError(f"There is no such figure. {missing_use(table.records)}")
    return drawing(ranked_columns(found), shown_score(found))


def words(shown: Sequence[Use], score: str) -> str:
    """The ranking, with intervals."""
    columns = [
        f"{one.name} {difference_text(score, gain.value)} ({difference_text(score, gain.low)} to "
        f"{difference_text(score, gain.high)}{'' if gain.is_better else ', may be chance'})"
        for one, gain in shown
    ]
    title = _axis_title(score)
    return f"{title[0].upper()}{title[1:]}, with 95 % intervals: {', '.join(columns)}."


def caption(found: ImportancesRecord) -> str:
    """Which columns are certain, how they were measured, which share their importance."""
    uses = ranked_columns(found)
    n_certain = sum(gain.is_better for _, gain in uses)
    is_all = n_certain == len(uses)
    parts = [
        f"Told from chance: {'all' if is_all else n_certain} of {count(len(uses), 'column')}"
        f"{'' if is_all else ' (blue); grey bars may be chance'}."
    ]
    if len(uses) > N_SHOWN:
        parts.append(f"{count(len(uses) - N_SHOWN, 'column')} of less importance left out.")
    if found.n_columns > len(uses):
        parts.append(f"Of {found.n_columns:,} columns these move the predictions most.")
    parts.append(
        f"Permutation importance of the networks that are handed over, on "
        f"{count(found.n_rows, 'validation row')}, {count(found.n_repeats, 'repeat')}, with 95 % "
        "intervals: what they go by, which need not be what causes the target."
    )
    parts.append(alike_sentence([one for one, _ in uses], N_PAIRS))
    return " ".join(parts).rstrip()


def drawing(shown: Sequence[Use], score: str) -> go.Figure:
    """Bars with 95 % intervals, the most important column on top."""
    bars = [Bar(one.name, gain.value, gain.low, gain.high, gain.is_better) for one, gain in shown]
    return interval_bars(bars, _axis_title(score), ".3~g")


def _axis_title(score: str) -> str:
    """What the bars measure."""
    if score in HIGHER_IS_BETTER:
        return f"fall of the {score_name(score)} with the column shuffled"
    return f"rise of the {score_name(score)} with the column shuffled"
