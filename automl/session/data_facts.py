"""What a study keeps of its data: the encoders, and what was found in the checks.

Neither is needed to train, and both take time, half a second for the smallest table: to look for
leaks with trees, and to load the library that writes encoders. So a thread does it once workers
train. What it has made is written between two rounds, before the first weights are kept at the
latest, which are no model without an encoder. A study that was killed before has it written when
it goes on, and so has one whose file was lost or altered.
"""

from __future__ import annotations

import threading

from automl.session.call import SearchCall
from automl.tuning.keeping import save_preprocessing
from automl.tuning.progress import SearchProgress
from storage import Store
from storage.artifact_formats import load_library
from storage.records import DataCheckRecord


class DataFacts:
    """The facts of one call's data."""

    def __init__(self, call: SearchCall, store: Store) -> None:
        self._call = call
        self._store = store
        self._checks: list[DataCheckRecord] = []  # all of them, once they are done
        self._making: threading.Thread | None = None
        self._failure: Exception | None = None
        self._are_written = False

    def write_beside(self, progress: SearchProgress) -> None:
        """Begin with the first epoch to make what is to be written, and write it once it is."""
        if self._making is None:
            if progress.n_epochs:
                self._begin()
        elif not self._making.is_alive():
            self.write()

    def write(self) -> None:
        """Write what is not there yet, all or nothing; wait for what is still being made."""
        if self._are_written:
            return
        making = self._making or self._begin()
        making.join()
        if self._failure is not None:
            raise self._failure
        name = self._call.study_name
        with self._store.transaction(at_once=True):  # two searches may begin a study together
            save_preprocessing(self._store, name, self._call.data.encoders)
            if not self._store.read_study(name).data_checks:
                self._store.add_data_checks(name, self._checks)
        self._are_written = True

    def _begin(self) -> threading.Thread:
        if self._store.read_study(self._call.study_name).data_checks:
            self._call.data.probes.forget()
        self._making = threading.Thread(target=self._make, name="automl-data-facts", daemon=True)
        self._making.start()
        return self._making

    def _make(self) -> None:
        data = self._call.data
        try:
            load_library()
            self._checks += [*data.data_checks, *data.probes.run()]
        except Exception as error:  # told where it is waited for
            self._failure = error
