from __future__ import annotations

from automl.executors.memory_room import MemoryRoom


def test_half_as_many_train_until_those_that_were_too_many_are_gone() -> None:
    room = MemoryRoom("cpu")
    assert room.admitted([5, 6], 100) == [5, 6]
    room.halve([1, 2, 3, 4])
    assert room.admitted([1, 2, 3, 4], 0) == [1, 2]
    assert room.admitted([3, 4], 2) == []
    room.free()
    for run_id in (1, 2, 3):
        room.leave(run_id)
        assert room.admitted([4, 5, 6], 0) == [4, 5]
    room.leave(4)
    assert room.admitted([5, 6, 7], 0) == [5, 6, 7]


def test_one_is_always_admitted_and_all_are_once_the_largest_was_found() -> None:
    room = MemoryRoom("cpu")
    room.halve([1])
    assert room.admitted([1, 2], 0) == [1]
    room.lift()
    assert room.admitted([1, 2], 0) == [1, 2]
