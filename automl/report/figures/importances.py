"""How much each hyperparameter mattered, and how surely."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from automl.errors import ConfigError
from automl.report.interval_bars import Bar, interval_bars
from automl.report.numbers.importances import Importance, Importances
from automl.report.numbers.study import StudyTable
from automl.report.panels import Panel, Place, Remark
from automl.wording.counts import count, listing
from automl.wording.numbers import percent

FIRST, ALL = Place("importance"), Place("parameters")
N_FIRST = 5  # on the page's first screens; all are in the part on hyperparameters


def panels(table: StudyTable) -> list[Panel | Remark]:
    """What mattered most, or why that is not known; and, further down, all of them."""
    found, title = table.importances, "Importance of hyperparameters"
    if not found.judged:
        return [Remark(FIRST, "importances", title, found.missing_because)]
    first = found.judged[:N_FIRST]
    made: list[Panel | Remark] = [
        Panel(FIRST, "importances", title, words(found, first), drawing(first), caption(found))
    ]
    if len(found.judged) > N_FIRST:
        unjudged = ""
        if found.unjudged:
            unjudged = f"Used by too few trials to be judged: {listing(found.unjudged)}."
        made.append(
            Panel(
                ALL,
                key="importances-all",
                title="All importances",
                alternative=words(found, found.judged),
                figure=drawing(found.judged),
                caption=unjudged,
            )
        )
    return made


def figure(table: StudyTable) -> go.Figure:
    """How much each hyperparameter mattered.

    Raises:
        ConfigError: too few trials have been made, or nothing can be told from chance.
    """
    found = table.importances
    if not found.judged:
        raise ConfigError(f"There is no such figure. {found.missing_because}")
    return drawing(found.judged)


def caption(found: Importances) -> str:
    """Which of the first bars are certain, and what they measure."""
    certain = [one.name for one in found.judged[:N_FIRST] if one in found.certain]
    if not certain:
        said = "Together they tell trials apart, but no single one can be told from chance."
    elif len(certain) < min(len(found.judged), N_FIRST):
        said = f"Told from chance: {listing(certain)} (blue). Grey bars may be chance."
    else:
        said = "All of these can be told from chance."
    return (
        f"{said} Permutation importance over {count(found.n_trials, 'trial')}, compared at equal "
        "epochs, with 95 % intervals."
    )


def words(found: Importances, shown: Sequence[Importance]) -> str:
    """The ranking, with intervals."""
    shares = [
        f"{one.name} {percent(one.share)} ({percent(one.low)} to {percent(one.high)}"
        f"{'' if one.is_certain else ', may be chance'})"
        for one in shown
    ]
    return (
        f"Shares of the differences between {count(found.n_trials, 'trial')} that go back to a "
        f"hyperparameter, with 95 % intervals: {', '.join(shares)}."
    )


def drawing(judged: Sequence[Importance]) -> go.Figure:
    """Bars with 95 % intervals, the most important hyperparameter on top."""
    bars = [Bar(one.name, one.share, one.low, one.high, one.is_certain) for one in judged]
    made = interval_bars(bars, "share of the differences between trials", ".0%")
    made.update_layout(xaxis={"tickformat": ".0%"})
    return made
