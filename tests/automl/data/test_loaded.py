from __future__ import annotations

from automl.data import SplitOptions, load_dataset


def test_rows_are_counted_in_the_first_fold() -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=5))
    assert data.n_rows == {"train": 96, "valid": 24, "test": 30}
