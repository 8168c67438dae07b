"""The virtual order: whatever sequence epochs come in, the rounds are the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.tuning.order import Slots, VirtualOrder
from automl.tuning.stacking import growing, ready, slots_of

N_TRIALS = 40

Round = Mapping[int, int]


def order_of(in_slots: int, n_ready: int = 0) -> VirtualOrder:
    return VirtualOrder(Slots(lambda n_ended: in_slots, lambda n_slots: n_ready))


def entered(order: VirtualOrder, *numbers: int) -> VirtualOrder:
    for number in numbers:
        order.enter(number)
    return order


def test_a_round_waits_for_all_trials_in_slots_and_for_no_other() -> None:
    order = entered(order_of(2, 1), 0, 1, 2)
    order.come(2, 1)
    order.come(0, 3)
    assert order.next_round() is None
    order.come(1, 1)
    assert order.next_round() == {0: 1, 1: 1}


def test_epochs_that_came_early_are_had_one_by_one() -> None:
    order = entered(order_of(1), 0)
    order.come(0, 2)
    for epoch in (1, 2):
        turns = order.next_round()
        assert turns == {0: epoch}
        order.advance(turns)
    assert order.next_round() is None


def test_a_failure_has_its_turn_after_the_epochs_before_it() -> None:
    order = entered(order_of(1), 0)
    order.come(0, 1, is_over=True)
    first = order.next_round()
    assert first == {0: 1}
    order.advance(first)
    assert order.next_round() == {0: 2}


def test_the_trials_of_the_lowest_numbers_are_in_the_slots() -> None:
    order = entered(order_of(2, 2), 7, 3, 5)
    for number in (3, 5, 7):
        order.come(number, 1)
    assert list(order.next_round() or ()) == [3, 5]
    order.leave(3)
    assert list(order.next_round() or ()) == [5, 7]


def test_so_many_trials_are_wanted_as_slots_and_ready_ones_lack() -> None:
    order = order_of(2, 1)
    assert order.n_wanted == 3
    entered(order, 0, 1, 2)
    assert order.n_wanted == 0
    order.leave(1)
    assert order.n_wanted == 1


def test_a_trial_that_begins_again_has_no_epoch_twice() -> None:
    order = entered(order_of(1), 0)
    order.come(0, 3)
    order.advance({0: 1})
    order.begin_again(0)
    assert order.next_round() is None
    order.come(0, 1)
    assert order.next_round() is None
    order.come(0, 2)
    assert order.next_round() == {0: 2}


def test_a_trial_goes_on_behind_the_epochs_that_rounds_have_had() -> None:
    order = order_of(1)
    order.enter(4, n_done=6)
    order.come(4, 6)
    assert order.next_round() is None
    order.come(4, 7)
    assert order.next_round() == {4: 7}


def test_a_trial_enters_once() -> None:
    with pytest.raises(ValueError, match="trial 3 is in the order already"):
        entered(order_of(2), 3, 3)


def test_without_trials_there_is_no_round() -> None:
    assert order_of(3).next_round() is None


class Script:
    """A search of trials whose fates are known, played in some sequence of arrivals."""

    def __init__(self, seed: int, slots: Slots, n_trials: int = N_TRIALS) -> None:
        rng = random.Random(seed)
        self.ends = [rng.choice([0, 1, 1, 1, 4, 9]) for _ in range(N_TRIALS)]  # 0: it fails
        self.slots = slots
        self.n_trials = n_trials
        self.rounds: list[Round] = []
        self.proposals: list[tuple[int, int]] = []  # after how many rounds, how many trials
        self.n_asked = 0
        self.at: dict[int, int] = {}  # epochs that rounds have had, of unfinished trials
        self.n_ended = 0

    def play(self, choose: Callable[[list[int]], int], kill: Callable[[], bool]) -> None:
        """Play to the end; `choose` picks whose next epoch comes, a kill loses what came."""
        order, come = self._open()
        while self.at or self.n_asked < self.n_trials:
            if kill():
                order, come = self._open()
            self._decide(order, come)
            due = [n for n in self.at if come[n] < max(1, self.ends[n])]
            if not due:
                assert not self.at, "the order stands still"
                break
            number = choose(due)
            come[number] += 1
            if self.ends[number] == 0:
                order.come(number, 0, is_over=True)
            else:
                order.come(number, come[number])

    def _open(self) -> tuple[VirtualOrder, dict[int, int]]:
        """As a call begins that finds what is stored."""
        order = VirtualOrder(self.slots, self.n_ended)
        for number, epoch in self.at.items():
            order.enter(number, epoch)
        return order, dict(self.at)

    def _decide(self, order: VirtualOrder, come: dict[int, int]) -> None:
        while True:
            n_wanted = min(order.n_wanted, self.n_trials - self.n_asked)
            if n_wanted:
                self.proposals.append((len(self.rounds), n_wanted))
            for number in range(self.n_asked, self.n_asked + n_wanted):
                order.enter(number)
                self.at[number] = come[number] = 0
            self.n_asked += n_wanted
            turns = order.next_round()
            if turns is None:
                return
            self.rounds.append(turns)
            order.advance(turns)
            for number, epoch in turns.items():
                self.at[number] = epoch
                if epoch >= self.ends[number]:
                    del self.at[number], come[number]
                    order.leave(number)
                    self.n_ended += 1


@given(
    seed=st.integers(0, 10**6),
    n_slots=st.integers(0, 7),
    n_ready=st.integers(0, 5),
    disturbance=st.integers(0, 10**6),
)
def test_any_sequence_of_arrivals_and_any_kill_gives_the_same_rounds(
    seed: int, n_slots: int, n_ready: int, disturbance: int
) -> None:
    """One trains trial by trial; the other as it comes, and is killed now and then."""
    slots = Slots(lambda n_ended: n_slots or 2 + n_ended // 5, lambda n_in_slots: n_ready)
    straight, disturbed = Script(seed, slots), Script(seed, slots)
    straight.play(lambda due: due[0], lambda: False)
    rng = random.Random(disturbance)
    disturbed.play(rng.choice, lambda: rng.random() < 0.1)
    assert disturbed.rounds == straight.rounds
    assert disturbed.proposals == straight.proposals
    assert straight.n_ended == N_TRIALS


@given(seed=st.integers(0, 10**6), n_trials=st.integers(1, N_TRIALS))
def test_how_many_trials_are_asked_for_changes_nothing_until_the_last_is_proposed(
    seed: int, n_trials: int
) -> None:
    longer, shorter = Script(seed, slots_of(3)), Script(seed, slots_of(3), n_trials)
    for script in (longer, shorter):
        script.play(lambda due: due[-1], lambda: False)
    last = shorter.proposals[-1][0]
    assert shorter.rounds[:last] == longer.rounds[:last]
    assert shorter.proposals[:-1] == longer.proposals[: len(shorter.proposals) - 1]


def test_slots_grow_with_what_has_ended_alone() -> None:
    order = VirtualOrder(slots_of(0), n_left=0)
    assert order.n_slots == growing(0) == 10
    assert order.n_wanted == 10 + ready(10)
    assert VirtualOrder(slots_of(0), n_left=320).n_slots == 20
    assert VirtualOrder(slots_of(7), n_left=320).n_slots == 7
