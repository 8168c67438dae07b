from __future__ import annotations

from pathlib import Path

from automl.data import SplitOptions, load_dataset
from examples.groups_and_folds import searched, visits


def test_no_patient_is_in_two_splits() -> None:
    """Fold by fold: of a patient's four visits, whose readings are alike, all or none validate."""
    frame = visits(n_patients=30)
    splits = SplitOptions(folds=3, group="patient")
    dataset = load_dataset(frame, target="ill", splits=splits).dataset
    assert len(dataset.folds) == 3
    assert all(len(fold.valid) % 4 == len(fold.train) % 4 == 0 for fold in dataset.folds)


def test_the_search_takes_the_table(tmp_path: Path) -> None:
    quick = {"n_trials": 1, "max_epochs": 2, "workers": 1}
    url = f"sqlite:///{tmp_path}/automl.db"
    result = searched(visits(n_patients=30), group="patient", storage=url, **quick)
    assert result.records.settings.split["n_folds"] == 3
    assert result.records.settings.split["group"] == "patient"
    assert 0 < result.evaluation.scores["accuracy"] <= 1
