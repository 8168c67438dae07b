from __future__ import annotations

import weakref

from automl.data import SplitOptions, load_dataset
from automl.data.loaded import Probe, Probes
from storage.records import DataCheckRecord

FOUND = DataCheckRecord("leakage", "petal", 0.99)


def test_rows_are_counted_in_the_first_fold() -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=5))
    assert data.n_rows == {"train": 96, "valid": 24, "test": 30}


def test_probes_are_prepared_once_and_hold_nothing_afterwards() -> None:
    class Table:
        def prepare(self) -> Probe:
            return lambda: (FOUND,)

    table = Table()
    held = weakref.ref(table)
    probes = Probes(table.prepare)
    del table
    assert held() is not None
    prepared = probes.prepared()
    assert held() is None
    assert prepared() == (FOUND,)
    assert probes.prepared()() == ()


def test_data_that_are_loaded_at_once_have_all_their_checks() -> None:
    kinds = {check.kind for check in load_dataset("sklearn:iris").data_checks}
    assert {"leakage", "shift", "rows_per_input"} <= kinds
