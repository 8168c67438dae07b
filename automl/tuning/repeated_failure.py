"""Networks of a person's own whose first trials all fail alike: then the code is wrong.

Another hundred trials would say the same. What differs between the trials, such as the rows of a
batch, is left out where their errors are compared. Where trials fail for whatever reason and none
has trained yet, that is said early, and the search goes on: the next ones may be gentler.
"""

from __future__ import annotations

import re
from typing import Final

from automl.errors import TrainingError
from automl.executors.executor import RunFailure
from automl.tuning.tally import Tally
from automl.wording.counts import count

ENOUGH: Final = 3
"""So many trials in a row, from the first one on. Two may share what one in ten draws."""

NOTABLE: Final = 10
"""So many failures, and nothing else yet, are said."""


class RepeatedFailure:
    """The error that all trials of a call have met so far.

    Args:
        is_watched: False: nothing is ever enough.
        has_trained: whether trials of earlier calls have trained. Then processes that died say
            nothing against the code: all trials that were in training when calls were killed one
            after the other fail alike as the next one begins.
    """

    def __init__(self, *, is_watched: bool, has_trained: bool = False) -> None:
        self._is_watched = is_watched
        self._has_trained = has_trained
        self._first: RunFailure | None = None
        self._n_alike = 0
        self._is_said = has_trained

    @property
    def is_enough(self) -> bool:
        """Whether the search should end."""
        return self._is_watched and self._n_alike >= ENOUGH

    def note(self, failure: RunFailure) -> None:
        """A trial has failed: by an error, or since its process died each time."""
        if self._has_trained and failure.cause == "lost":
            return
        if failure.cause not in ("crashed", "lost"):
            self.forgive()
            return
        self._first = self._first or failure
        if _kind(failure.message) == _kind(self._first.message):
            self._n_alike += 1
        else:
            self.forgive()

    def forgive(self) -> None:
        """Some trial has trained, or failed otherwise: the code is not wrong as a whole."""
        self._is_watched = False

    def warning(self, tally: Tally) -> str:
        """That all trials that have ended have failed, once there are `NOTABLE`; else ""."""
        if self._is_said or tally.n_failed < NOTABLE:
            return ""
        self._is_said = True
        if tally.has_trained:
            return ""
        return (
            f"all of the {count(tally.n_failed, 'trial')} that have ended have failed; the search "
            "goes on, but what each died of is told above, and at the end what to do about it"
        )

    def error(self) -> TrainingError:
        """What to end the search with; the person's own traceback is its note."""
        assert self._first is not None, "an error is asked for once there are enough"
        error = TrainingError(
            f"the first {self._n_alike} trials all failed alike: {self._first.message}"
        )
        if self._first.traceback:
            error.add_note(self._first.traceback)
        return error


def _kind(message: str) -> str:
    return re.sub(r"\d+", "#", message)
