from __future__ import annotations

from automl.executors.distribution import giving_way, needs_runs, shared_out
from automl.executors.member import Member
from automl.executors.pool_runs import PoolRun
from automl.executors.room import Room
from tests.automl.executors.test_member import done_of, engine, epoch_of, member_of, run_of

__all__ = ["engine"]


def fast(member: Member, seconds_an_epoch: float) -> Member:
    """A worker whose epochs take so long."""
    member.pace.note(seconds_an_epoch, 1.0)
    return member


def told(members: list[Member], waiting: list[PoolRun]) -> list[list[int]]:
    shares = shared_out(members, waiting)
    return [[run.run_id for run in shares.get(member, [])] for member in members]


def test_before_anything_is_known_each_gets_its_part_once_it_is_ready(engine):
    first, second = member_of(engine), member_of(engine)
    waiting = [run_of(n, 1) for n in range(6)]
    assert told([first, second], waiting) == [[0, 2, 4], [1, 3, 5]]
    second.is_ready = False
    assert told([first, second], waiting) == [[0, 1, 2], []]


def test_a_worker_is_told_no_more_than_keeps_it_busy_for_a_while(engine):
    member = fast(member_of(engine), 0.1)
    waiting = [run_of(n, 1) for n in range(20)]
    assert told([member], waiting) == [[0, 1, 2, 3, 4]], "half a second"
    member.tell(waiting[:5], None)
    assert not needs_runs(member)
    assert told([member], waiting[5:]) == [[]]
    member.end_round(done_of(epoch_of(0), epoch_of(1)))
    assert told([member], waiting[5:]) == [[5, 6]]


def test_where_an_epoch_takes_long_one_waits_behind_the_present_one(engine):
    member = fast(member_of(engine), 10.0)
    assert told([member], [run_of(n, 1) for n in range(5)]) == [[0, 1]]


def test_whoever_soon_has_nothing_to_do_gets_what_waits(engine):
    busy, dry = fast(member_of(engine, run_of(1)), 1.0), fast(member_of(engine), 1.0)
    assert told([busy, dry], [run_of(2, 1), run_of(3, 1)]) == [[], [2, 3]]


def test_a_run_that_must_be_alone_is_with_nobody_else(engine):
    member = member_of(engine)
    lonely, others = run_of(1, 1, alone=True), [run_of(2, 1), run_of(3, 1)]
    assert told([member], [*others, lonely]) == [[1]]
    member.tell([lonely], None)
    assert told([member], others) == [[]]
    assert giving_way([member], others) == []
    lonely.progress.allow(0)
    assert giving_way([member], others) == [lonely]


def test_the_others_give_way_to_a_run_that_must_be_alone_where_they_are_fewest(engine):
    runs = [run_of(n) for n in range(3)]
    few, many = member_of(engine, runs[0]), member_of(engine, *runs[1:])
    lonely = run_of(9, alone=True)
    assert told([few, many], [lonely]) == [[], []]
    assert giving_way([few, many], [lonely]) == [runs[0]]
    assert giving_way([few, many, member_of(engine)], [lonely]) == [], "one is free"


def test_where_there_is_little_room_those_that_rest_give_way(engine):
    resting, due, waiting = run_of(1, 0), run_of(2, 1), [run_of(3, 1), run_of(4, 1)]
    member = fast(member_of(engine, resting, due), 0.01)
    assert giving_way([member], waiting) == []
    member.room = Room(2)
    assert told([member], waiting) == [[]]
    assert giving_way([member], waiting) == [resting]
    member.release(resting)
    assert told([member], waiting) == [[3]]
