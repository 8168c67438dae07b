"""The references of one search: fitted beside its training, taken when its last trial has ended.

On a machine with more than one core a process of its own fits them once the search has lasted for
a moment; a search that ends sooner has them fitted after its end, in this process, where all
libraries are loaded. They may take a tenth of the search's time from then on. What is not there by
then is left out, and so is what fails: a reference never costs a search its result.
"""

from __future__ import annotations

import math
import sys

from automl.data.dataset import Dataset
from automl.data.references import (
    FittedReferences,
    guessing_alone,
    improve_references,
    possible_references,
)
from automl.executors.reference_process import ReferenceProcess
from automl.executors.resources import available_cores
from automl.system.own_code import describe
from automl.tuning.clock import Clock
from automl.tuning.progress import SearchProgress
from automl.wording.counts import listing
from automl.wording.references import REFERENCE_NAMES
from storage.score_records import ReferenceName

BEGIN_AFTER = 6.0
"""Seconds of a call before a process is started for its references; in the first four, libraries
and data are loaded. It loads libraries too, which would slow down the workers that train while
they load theirs."""

SHARE = 0.1
"""Of the search's time, that references may take after its end."""

LEAST_SECONDS = 5.0
"""What they may take however short the search was, if its time is not up. The trees of digits
(1,078 train rows, ten classes) take 3.3 s of one core, those of concrete and titanic under 1."""


class References:
    """Gives what the best network is held against.

    Args:
        are_wanted: False: guessing alone.
    """

    def __init__(self, dataset: Dataset, *, are_wanted: bool = True) -> None:
        self.shortfall: str | None = None  # what is missing and why, once they are taken
        self._dataset = dataset
        self._are_wanted = are_wanted
        self._process: ReferenceProcess | None = None
        self._is_begun = False
        self._taken: FittedReferences | None = None

    @property
    def names(self) -> frozenset[ReferenceName]:
        """The references that are to be had, if all goes well."""
        return possible_references(self._dataset) if self._are_wanted else frozenset({"guessing"})

    @property
    def are_fitted(self) -> bool:
        """Whether nothing will have to be waited for."""
        process = self._process
        if not self._are_wanted or process is None:
            return not self._are_wanted
        return process.wait(0.0) and self.names <= process.fitted.keys()

    def begin_beside(self, progress: SearchProgress) -> None:
        """Begin to fit in another process if it is time to, and there is a core for it."""
        if self._is_begun or progress.seconds < BEGIN_AFTER or not progress.n_epochs:
            return
        self._is_begun = True
        if not self._are_wanted or available_cores() == 1 or sys.platform == "win32":
            return
        try:
            self._process = ReferenceProcess(self._dataset)
        except OSError:  # no room for another process, so that they are fitted here, later
            return

    def take(self, search_seconds: float, seconds_left: float = math.inf) -> FittedReferences:
        """What could be fitted. The first call waits for it; later ones give the same.

        Args:
            search_seconds: how long the search has taken, since its call began.
            seconds_left: until scoring must begin.
        """
        if self._taken is None:
            seconds = min(max(LEAST_SECONDS, SHARE * search_seconds), seconds_left)
            self._taken = self._take(seconds)
            self.end()
        return self._taken

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.end()

    def _take(self, seconds: float) -> FittedReferences:
        if not self._are_wanted:
            return guessing_alone(self._dataset)
        process = self._process
        if process is None or not process.fitted:
            self.end()  # it has not yet loaded what this process has
            return self._fit_here(seconds)
        failure = process.failure if process.wait(seconds) else _out_of_time(seconds)
        self._note_shortfall(process.fitted, failure)
        return process.fitted

    def _fit_here(self, seconds: float) -> FittedReferences:
        fitted, failure = guessing_alone(self._dataset), None
        clock = Clock(seconds)
        try:
            for so_far in improve_references(self._dataset):
                fitted = so_far
                if clock.is_up:
                    failure = _out_of_time(seconds)
                    break
        except Exception as error:  # of whatever a table makes a library raise
            failure = describe(error)
        self._note_shortfall(fitted, failure)
        return fitted

    def _note_shortfall(self, fitted: FittedReferences, failure: str | None) -> None:
        lacking = self.names - fitted.keys()
        missing = [words for name, words in REFERENCE_NAMES.items() if name in lacking]
        if missing:
            self.shortfall = f"the network is not compared with {listing(missing)}: {failure}"
        elif failure is not None:
            self.shortfall = f"the boosted trees had not grown to their best: {failure}"


def _out_of_time(seconds: float) -> str:
    return f"their time was up {seconds:.0f} s after the last trial"
