"""Each reference predicts each fold's rows."""

from __future__ import annotations

from automl.data_options import load_again
from automl.result import SearchResult
from automl.tuning.references import fit_references


def test_references_predict_every_fold(finished: SearchResult) -> None:
    dataset = load_again(finished.records.settings).dataset
    fitted = fit_references(dataset)
    assert {"guessing", "linear_model"} <= set(fitted)
    for by_fold in fitted.values():
        assert [len(one.valid) for one in by_fold] == [len(f.valid) for f in dataset.folds]
