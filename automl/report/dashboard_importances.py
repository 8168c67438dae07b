"""Importances in Optuna Dashboard: the report's numbers, not a second computation.

The dashboard has an evaluator of its own, over complete trials only and however few there are,
so that its bars and the report's told different stories of one study. Here the request that
its pages make for them is answered from our records; studies that Optuna made alone are left
to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from automl.report.numbers.study import study_table
from storage import Store
from storage.records import StudyRecords

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

_ASKED: Final = re.compile(r"/api/studies/(\d+)/param_importances/?")

_DISTRIBUTIONS: Final = {
    "categorical": "CategoricalDistribution",
    "int": "IntDistribution",
    "float": "FloatDistribution",
}
"""The dashboard's names of kinds of hyperparameters: it picks the colour of a bar by them."""

NONE_TOLD: Final = "cannot be told from chance: see the note"


def with_our_importances(application: WSGIApplication, store: Store) -> WSGIApplication:
    """The same application, which shows the report's importances of studies of ours."""

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        found = _ASKED.fullmatch(environ.get("PATH_INFO", ""))
        records = _records(store, int(found[1])) if found else None
        if records is None:
            return application(environ, start_response)
        body = json.dumps({"param_importances": [shown_importances(records)]}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    return answer


def shown_importances(records: StudyRecords) -> list[dict[str, str | float]]:
    """The report's importances as the dashboard's pages read them.

    Where it has none there is one bar without length, whose name says so: the plot would be
    empty without a word. The study's note says why.
    """
    table = study_table(records)
    found = table.importances
    if found.missing_because:
        return [{"name": NONE_TOLD, "importance": 0.0, "distribution": "CategoricalDistribution"}]
    return [
        {
            "name": one.name,
            "importance": one.share,
            "distribution": _DISTRIBUTIONS[table.axes[one.name].kind],
        }
        for one in found.judged
    ]


def _records(store: Store, study_id: int) -> StudyRecords | None:
    """What is stored of a study of ours; None for another's, or if there is none."""
    try:
        name = store.optuna_storage.get_study_name_from_id(study_id)
    except KeyError:  # Optuna's interface promises it for an unknown study
        return None
    return store.read_study(name) if store.read_settings(name) is not None else None
