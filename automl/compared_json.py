"""Studies side by side as plain values: what `automl compare --json` prints."""

from __future__ import annotations

from automl.comparison import ComparedStudy, Comparison, Rows, paired_gain
from automl.options.values import DEFAULT_STORAGE
from automl.study_json import study_json
from automl.wording.scores import read_score
from storage.records import Json


def compared_json(
    compared: Comparison, page: str | None = None, storage: str = DEFAULT_STORAGE
) -> dict[str, Json]:
    """Which is better, how each stands, and what differs.

    Args:
        page: where a page on them was written.
        storage: the database that commands in advice name.
    """
    names = compared.names
    return {
        "studies": [study_json(one.records, storage) for one in compared.studies],
        "findings": list(compared.findings),
        "gains": _gains(compared),
        "results": _by_study(compared.results, names),
        "settings": _by_study(compared.settings, names),
        "configurations": _by_study(compared.configurations, names),
        "page": page,
    }


def _by_study(rows: Rows, names: list[str]) -> dict[str, Json]:
    return {what: dict(zip(names, words, strict=True)) for what, words in rows.items()}


def _gains(compared: Comparison) -> list[Json]:
    """How much better the study of the lowest validation loss is than each other, row by row.

    Above 0 is better. Without those whose networks were not scored on the same test rows.
    """
    scored = sorted(
        (one for one in compared.studies if one.evaluation), key=lambda one: one.best_loss
    )
    return [found for other in scored[1:] if (found := _gain(scored[0], other)) is not None]


def _gain(first: ComparedStudy, second: ComparedStudy) -> dict[str, Json] | None:
    score = read_score(first.records.settings)
    gain = paired_gain(first, second, score)
    if gain is None:
        return None
    return {
        "study": first.name,
        "over": second.name,
        "score": score,
        "gain": gain.value,
        "gain_interval": [gain.low, gain.high],
    }
