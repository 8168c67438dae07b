"""What a study keeps of its data: the encoders, and what was found in the checks.

Neither is needed to train. Encoders are written before the first weights are kept, which are no
model without one. To look for leaks with trees takes time, with the library that grows them a
second for the smallest table. So it is done once workers train, by another process if there can
be one, for which a thread waits, and all checks are written between two rounds, or at the end. A
study that was killed before has written when it goes on what is not there, and so has one whose
file was lost or altered.
"""

from __future__ import annotations

import threading

from automl.data.loaded import LoadedData
from automl.executors.calls_aside import call_aside
from automl.tuning.keeping import save_preprocessing
from automl.tuning.progress import SearchProgress
from storage import Store
from storage.records import DataCheckRecord


class DataFacts:
    """The facts of one call's data."""

    def __init__(self, study_name: str, data: LoadedData, store: Store) -> None:
        self._study_name = study_name
        self._data = data
        self._store = store
        self._checks: list[DataCheckRecord] = []  # all of them, once they are done
        self._making: threading.Thread | None = None
        self._failure: Exception | None = None
        self._has_encoders = False
        self._has_checks = False

    def write_beside(self, progress: SearchProgress) -> None:
        """Begin with the first epoch to make what is to be written, and write it once it is."""
        if self._making is None:
            if progress.n_epochs:
                self._begin()
        elif not self._making.is_alive():
            self.write()

    def write(self) -> None:
        """Write what is not there yet; wait for what is still being made."""
        self.write_encoders()
        if self._has_checks:
            return
        making = self._making or self._begin()
        making.join()
        if self._failure is not None:
            raise self._failure
        name = self._study_name
        with self._store.transaction(at_once=True):  # two searches may begin a study together
            if not self._store.read_study(name).data_checks:
                self._store.add_data_checks(name, self._checks)
        self._has_checks = True

    def write_encoders(self) -> None:
        """Write the encoders of all folds, if they are not there yet."""
        if self._has_encoders:
            return
        with self._store.transaction(at_once=True):
            save_preprocessing(self._store, self._study_name, self._data.encoders)
        self._has_encoders = True

    def _begin(self) -> threading.Thread:
        if self._store.read_study(self._study_name).data_checks:
            self._data.probes.forget()
        # No daemon: one that is in compiled code when the interpreter ends takes the process down.
        self._making = threading.Thread(target=self._make, name="automl-data-facts")
        self._making.start()
        return self._making

    def _make(self) -> None:
        try:
            probes = self._data.probes.prepared()
            self._checks += [*self._data.data_checks, *call_aside(probes)]
        except Exception as error:  # told where it is waited for
            self._failure = error
