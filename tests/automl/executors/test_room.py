from __future__ import annotations

from automl.executors.room import CALM_ROUNDS, Room


def test_any_number_may_join_where_nothing_was_lost():
    assert Room().left(1000) == float("inf")


def test_there_is_twice_the_room_after_so_many_calm_rounds():
    room = Room(2)
    assert (room.left(0), room.left(1), room.left(5)) == (2, 1, 0)
    for _ in range(CALM_ROUNDS):
        room.note_round()
    assert (room.left(1), room.left(4)) == (3, 0)
