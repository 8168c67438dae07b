"""What the comparison page shows: `automl/comparison.py` in tables, and the searches' progress."""

from __future__ import annotations

from automl.comparison import ComparedStudy, Comparison
from automl.diagnostics.wording import count, listing
from automl.report.figures.comparison import progress_figure
from automl.report.numbers.comparison import Progress, progress
from automl.report.numbers.trials import study_table
from automl.report.panels import Panel
from automl.score_names import score_text


def context(compared: Comparison) -> dict[str, object]:
    """Everything that the comparison's template shows."""
    return {
        "title": f"Comparison of {listing(compared.names)}",
        "compared": compared,
        "panel": _panel(compared),
    }


def _panel(compared: Comparison) -> Panel | None:
    """The best validation losses as the searches went on."""
    shown = [found for found in map(_progress, compared.studies) if len(found.epochs)]
    if not shown:
        return None
    ends = [
        f"{one.name} {score_text('loss', float(one.best[-1]))} after "
        f"{count(int(one.epochs[-1]), 'epoch')}"
        for one in shown
    ]
    return Panel(
        "progress",
        "Best against epochs spent",
        f"Lowest validation loss: {listing(ends)}.",
        progress_figure(shown, compared.studies[0].records.settings.loss),
        "Bands: 95 % interval of the best trial's loss over validation rows. Epochs of all trials "
        "count, in the order in which trials ended." + _warning(compared),
    )


def _progress(study: ComparedStudy) -> Progress:
    return progress(study.name, study_table(study.records))


def _warning(compared: Comparison) -> str:
    """Where the losses do not mean the same, or are not of the same rows."""
    settings = [study.records.settings for study in compared.studies]
    if len({(s.data_fingerprint, s.target, s.loss, str(s.split)) for s in settings}) == 1:
        return ""
    return " These studies do not share their validation rows: compare the shapes only."
