"""The references of one search: fitted beside its training, taken when its last trial has ended.

On a machine with more than one core a process of its own fits them once the search has lasted for
a moment. A search that ends sooner has them fitted after its end: by a fork of the workers'
server, which has loaded most of what it takes, or in this process where there is none. Either way
they are the same, since their effort is bounded and does not depend on time: they are waited for.
Only `--timeout`, Ctrl-C and a process that stands still cut them off. What is not there by then is
left out, and so is what fails: a reference never costs a search its result.
"""

from __future__ import annotations

import contextlib
import math
import sys

from automl.data.dataset import Dataset
from automl.data.references import (
    FittedReferences,
    fit_in_steps,
    guessing_alone,
    possible_references,
)
from automl.data.tree_growth import CELLS_PER_SECOND, FULL_EFFORT, expected_seconds
from automl.executors.heartbeat import LOADING_SILENCE_LIMIT
from automl.executors.reference_process import ReferenceProcess
from automl.executors.resources import available_cores
from automl.executors.workers.warm_server import has_server
from automl.system.interruption import LOOK_SECONDS, stop_on_interrupt
from automl.system.own_code import describe
from automl.tuning.clock import Clock
from automl.tuning.progress import SearchProgress
from automl.wording.counts import listing
from automl.wording.references import REFERENCE_NAMES
from storage.score_records import ReferenceName

BEGIN_AFTER = 5.0
"""Seconds of a call before a process is started for its references; in the first four, libraries
and data are loaded. It loads libraries too, which would slow down the workers that train while
they load theirs."""

SHARE = 0.1
"""Of the time that `--timeout` asks for: what boosted trees are to take of one core, at most.
Their effort follows from what was asked for, and not from the time that passes."""

HURRIED_SECONDS = 5.0
"""For how long they are waited for once a person has pressed Ctrl-C."""


class References:
    """Gives what the best network is held against.

    Args:
        are_wanted: False: guessing alone.
        timeout: that was asked for; None: none was.
    """

    def __init__(
        self, dataset: Dataset, *, are_wanted: bool = True, timeout: float | None = None
    ) -> None:
        self.shortfall: str | None = None  # what is missing and why, once they are taken
        self._dataset = dataset
        self._are_wanted = are_wanted
        self._effort = effort_within(timeout)
        self._process: ReferenceProcess | None = None
        self._is_begun = False
        self._is_hurried = False
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
        self._begin()

    def _begin(self) -> None:
        with contextlib.suppress(OSError):  # no room for another process: they are fitted here
            self._process = ReferenceProcess(self._dataset, self._effort)

    def hurry(self) -> None:
        """A person waits for the end."""
        self._is_hurried = True

    def take(self, seconds_left: float = math.inf) -> FittedReferences:
        """What could be fitted. The first call waits for it; later ones give the same.

        Args:
            seconds_left: until scoring must begin.
        """
        if self._taken is None:
            self._taken = self._take(seconds_left)
            self.end()
        return self._taken

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.end()

    def _take(self, seconds_left: float) -> FittedReferences:
        if not self._are_wanted:
            return guessing_alone(self._dataset)
        if self._process is None and has_server():
            self._begin()
        process = self._process
        if process is None or not (process.fitted or process.is_forked):
            self.end()  # it still loads, and this process would have to load no more
            return self._fit_here(min(seconds_left, self._patience))
        with stop_on_interrupt(self._hear_interrupt):
            failure = self._wait(process, Clock(seconds_left))
        self._note_shortfall(process.fitted, failure)
        return process.fitted

    @property
    def _patience(self) -> float:
        return HURRIED_SECONDS if self._is_hurried else math.inf

    def _hear_interrupt(self) -> None:
        if self._is_hurried:
            raise KeyboardInterrupt
        self.hurry()

    def _wait(self, process: ReferenceProcess, clock: Clock) -> str | None:
        """Wait for all of them; say why they are not all there, if so."""
        while not process.wait(min(LOOK_SECONDS, max(0.0, clock.seconds_left))):
            if clock.is_up or clock.seconds > self._patience:
                return f"their time was up {clock.seconds:.0f} s after the last trial"
            if process.silence() > LOADING_SILENCE_LIMIT:
                return f"their process gave no sign of life for {LOADING_SILENCE_LIMIT:.0f} s"
        return process.failure

    def _fit_here(self, seconds: float) -> FittedReferences:
        names, failure = self.names, None
        if expected_seconds(self._dataset, self._effort) > seconds:
            names -= {"boosted_trees"}
            failure = f"they would take longer than the {max(0.0, seconds):.1f} s that are left"
        fitted = guessing_alone(self._dataset)
        try:
            for so_far in fit_in_steps(self._dataset, names, self._effort):
                fitted = so_far
        except KeyboardInterrupt:  # a person waits for the end; the next one ends all
            failure = "they were interrupted"
        except Exception as error:  # of whatever a table makes a library raise
            failure = describe(error)
        self._note_shortfall(fitted, failure)
        return fitted

    def _note_shortfall(self, fitted: FittedReferences, failure: str | None) -> None:
        lacking = self.names - fitted.keys()
        missing = [words for name, words in REFERENCE_NAMES.items() if name in lacking]
        if missing:
            self.shortfall = f"the network is not compared with {listing(missing)}: {failure}"


def effort_within(timeout: float | None) -> int:
    """What boosted trees may take, in cells."""
    if timeout is None:
        return FULL_EFFORT
    return min(FULL_EFFORT, int(SHARE * timeout * CELLS_PER_SECOND))
