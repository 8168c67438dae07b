"""What the comparison page says: who is better, by how much, and in what the studies differ."""

from __future__ import annotations

from collections.abc import Sequence

from automl.diagnostics.wording import count, listing, number
from automl.report import alternatives
from automl.report.figures import style
from automl.report.figures.comparison import progress_figure
from automl.report.numbers.comparison import ComparedStudy, Comparison, compare
from automl.report.panels import Panel
from automl.report.result_part import score_text
from automl.score_names import score_name
from storage.records import StudyRecords


def context(studies: Sequence[StudyRecords]) -> dict[str, object]:
    """Everything that the comparison's template shows."""
    compared = compare(studies)
    names = [study.name for study in compared.studies]
    return {
        "title": f"Comparison of {listing(names)}",
        "names": names,
        "comparison": compared,
        "sentences": sentences(compared),
        "panel": _panel(compared),
        "rows": _rows(compared),
    }


def sentences(compared: Comparison) -> list[str]:
    """The finding, and whether it may be believed."""
    ranked = sorted(
        (s for s in compared.studies if s.overview.best), key=lambda s: s.progress.best[-1]
    )
    said = []
    if not compared.is_comparable:
        said.append(
            "These studies differ in data, target, split or loss: their losses do not mean the "
            "same, so compare their shapes only."
        )
    if len(ranked) >= 2 and compared.is_comparable:
        first, second = ranked[0].progress, ranked[1].progress
        distinct = first.high[-1] < second.low[-1]
        said.append(
            f"{first.name} found the lowest validation loss, {number(first.best[-1])}; "
            f"{second.name} follows with {number(second.best[-1])}. Their 95 % intervals "
            + ("do not overlap." if distinct else "overlap: the difference may be noise.")
        )
    for study in compared.studies:
        if study.overview.best is None:
            said.append(f"{study.name} has no complete trial yet.")
    return said


def _panel(compared: Comparison) -> Panel | None:
    studies = [s.progress for s in compared.studies if len(s.progress.epochs)]
    if not studies:
        return None
    ends = [f"{s.name} {number(s.best[-1])} after {count(int(s.epochs[-1]), 'epoch')}"
            for s in studies]  # fmt: skip
    return Panel(
        "progress",
        "Best against epochs spent",
        f"Lowest validation loss: {listing(ends)}.",
        progress_figure(studies, compared.loss),
        "Bands: 95 % interval of the best trial's loss over validation rows. Epochs of all trials "
        "count, in the order in which trials ended.",
    )


def _rows(compared: Comparison) -> list[tuple[str, list[str]]]:
    """The table of results: one line per quantity, one column per study."""
    quantities = (
        ("best validation loss", _best),
        ("test score", _test),
        ("trials", lambda s: f"{s.effort.n_trials:,}"),
        ("of these pruned", lambda s: f"{s.effort.outcomes.get('pruned', 0):,}"),
        ("of these failed", lambda s: f"{s.effort.outcomes.get('failed', 0):,}"),
        ("epochs", lambda s: f"{s.effort.n_epochs:,}"),
        ("time in training", lambda s: alternatives.duration(s.effort.seconds)),
    )
    return [
        (name, [describe(study) for study in compared.studies]) for name, describe in quantities
    ]


def _best(study: ComparedStudy) -> str:
    best = study.overview.best
    return f"{style.number(best.valid_loss)} (trial {best.number})" if best else "–"


def _test(study: ComparedStudy) -> str:
    if not study.overview.scores:
        return "–"
    score = study.overview.scores[0]
    shown = f"{score_name(score.metric)} {score_text(score.metric, score.network)}"
    if score.interval:
        low, high = (score_text(score.metric, value) for value in score.interval)
        shown += f" ({low} to {high})"
    return shown
