"""What the comparison page says: who is better, each one's verdict, and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence

from automl.diagnostics.headline import title
from automl.diagnostics.standing import WORDS
from automl.diagnostics.wording import count, listing, number
from automl.reference_names import REFERENCE_NAMES
from automl.report import alternatives
from automl.report.figures import style
from automl.report.figures.comparison import progress_figure
from automl.report.numbers.comparison import (
    ComparedStudy,
    Comparison,
    Difference,
    compare,
)
from automl.report.panels import Panel
from automl.report.result_part import parameter_text
from automl.score_names import score_name, score_text
from storage.records import StudyRecords

NOT_USED = "–"  # a parameter that a configuration does not have


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
        "verdicts": [(study.name, study.headline) for study in compared.studies],
        "parameters": differing_parameters(compared.studies),
        "alike": _alike(compared),
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


def _rows(compared: Comparison) -> list[Difference]:
    """The table of results: one line per quantity, one column per study."""
    quantities = (
        ("against references", _standing),
        ("verdict", _verdict),
        ("best validation loss", _best),
        ("test score", _test),
        ("trials", lambda s: f"{s.effort.n_trials:,}"),
        ("of these pruned", lambda s: f"{s.effort.outcomes.get('pruned', 0):,}"),
        ("of these failed", lambda s: f"{s.effort.outcomes.get('failed', 0):,}"),
        ("epochs", lambda s: f"{s.effort.n_epochs:,}"),
        ("time in training", lambda s: alternatives.duration(s.effort.seconds)),
    )
    return [
        Difference(name, tuple(describe(study) for study in compared.studies))
        for name, describe in quantities
    ]


def differing_parameters(studies: Sequence[ComparedStudy]) -> tuple[Difference, ...]:
    """Where the best configurations are not alike."""
    params = [study.configuration for study in studies]
    names = dict.fromkeys(name for each in params for name in each)
    rows = {
        name: tuple(parameter_text(each[name]) if name in each else NOT_USED for each in params)
        for name in names
    }
    return tuple(Difference(name, values) for name, values in rows.items() if len(set(values)) > 1)


def _alike(compared: Comparison) -> str:
    """What the best configurations have in common."""
    differing = {item.name for item in differing_parameters(compared.studies)}
    params = compared.studies[0].overview.best.params if compared.studies[0].overview.best else {}
    return ", ".join(
        f"{name} {parameter_text(value)}"
        for name, value in params.items()
        if name not in differing
    )


def _standing(study: ComparedStudy) -> str:
    standing = study.headline.standing
    if standing.kind == "unknown" or standing.reference is None:
        return "–"
    return f"{WORDS[standing.kind].lower()} {REFERENCE_NAMES[standing.reference]}"


def _verdict(study: ComparedStudy) -> str:
    return title(study.headline.verdict) if study.headline.verdict else "–"


def _best(study: ComparedStudy) -> str:
    best = study.overview.best
    return f"{style.number(best.valid_loss)}, trial {best.number}" if best else "–"


def _test(study: ComparedStudy) -> str:
    if not study.overview.scores:
        return "–"
    score = study.overview.scores[0]
    shown = f"{score_name(score.metric)} {score_text(score.metric, score.network)}"
    if score.interval:
        low, high = (score_text(score.metric, value) for value in score.interval)
        shown += f" ({low} to {high})"
    return shown
