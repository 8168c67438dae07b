"""The virtual order: in which sequence epochs are judged, whoever was faster in training them.

    trials by turn:   3 5 6 7 | 8 9 | ...
                      slots    ready  not proposed yet

Of the trials that have not ended and do not pause, those of the earliest turns are in the slots, a
few more are ready. A trial has a turn when it starts, by its number, and another one when it goes
on after a pause. A round of the order is one epoch of every trial in a slot, and it is due when
all of these epochs have come, in whatever sequence. So what a round sees follows from what was
stored before it, not from how many workers there are or how busy they were. Nothing here trains,
stores or judges.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Turn = tuple[int, int]
"""A place in the sequence of turns: (number, 0) of a trial that starts; of one that goes on after
a pause the last number that was given out by then, and how many had gone on, itself included."""


@dataclass(slots=True)
class _Place:
    """How far one trial is."""

    turn: Turn
    n_done: int  # epochs that rounds have had
    n_come: int  # epochs that have been trained
    has_failed: bool = False  # after the epochs that have come

    @property
    def is_due(self) -> bool:
        """Whether it can take part in a round."""
        return self.n_come > self.n_done or self.has_failed


@dataclass(frozen=True, slots=True)
class Slots:
    """How many trials are in training at once.

    Attributes:
        in_slots: how many advance together, from the number that have ended or pause.
        ready: how many more are proposed ahead, from the number in the slots.
    """

    in_slots: Callable[[int], int]
    ready: Callable[[int], int]


class VirtualOrder:
    """The trials in training of one search, and whose turn it is.

    Args:
        n_left: trials of the study that have ended, or pause.
    """

    def __init__(self, slots: Slots, n_left: int = 0) -> None:
        self._slots = slots
        self._n_left = n_left
        self._turns: list[tuple[Turn, int]] = []  # of the trials by number, ascending
        self._places: dict[int, _Place] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._places

    def enter(self, number: int, n_done: int = 0, turn: Turn | None = None) -> None:
        """A trial is proposed, or goes on after so many epochs that rounds have had.

        Args:
            turn: None: that of its start.
        """
        if number in self._places:
            raise ValueError(f"a trial enters once, but trial {number} is in the order already")
        place = _Place(turn or (number, 0), n_done, n_done)
        insort(self._turns, (place.turn, number))
        self._places[number] = place

    def come(self, number: int, n_epochs: int, *, has_failed: bool = False) -> None:
        """So many epochs of a trial have been trained; it may have failed after them."""
        place = self._places[number]
        place.n_come = max(place.n_come, n_epochs)
        place.has_failed = has_failed

    def begin_again(self, number: int) -> None:
        """Forget the epochs that no round has had: they will come once more."""
        place = self._places[number]
        place.n_come, place.has_failed = place.n_done, False

    def leave(self, number: int) -> None:
        """A trial has ended, or pauses."""
        self._turns.remove((self._places.pop(number).turn, number))
        self._n_left += 1

    def come_back(self, number: int, n_done: int, turn: Turn) -> None:
        """A trial that paused goes on."""
        self.enter(number, n_done, turn)
        self._n_left -= 1

    @property
    def n_slots(self) -> int:
        """How many trials advance together now."""
        return self._slots.in_slots(self._n_left)

    @property
    def n_wanted(self) -> int:
        """How many turns are to be decided now, all from one past."""
        n_slots = self.n_slots
        return max(0, n_slots + self._slots.ready(n_slots) - len(self._turns))

    @property
    def has_free_slot(self) -> bool:
        """Whether fewer trials are in training than may advance together."""
        return len(self._turns) < self.n_slots

    def next_round(self) -> Mapping[int, int] | None:
        """The round that is due: in the sequence of turns, the epoch of each trial in a slot.

        None while epochs are missing, or where no trial is in training. Of a trial that has failed
        after its last epoch it is the epoch that it did not finish.
        """
        in_slots = [number for _, number in self._turns[: self.n_slots]]
        places = [self._places[number] for number in in_slots]
        if not places or not all(place.is_due for place in places):
            return None
        return {number: place.n_done + 1 for number, place in zip(in_slots, places, strict=True)}

    def advance(self, numbers: Mapping[int, int]) -> None:
        """A round has been had by these trials, up to these epochs."""
        for number, epoch in numbers.items():
            self._places[number].n_done = epoch
