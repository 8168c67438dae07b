"""What a study keeps of its data is written while it trains, whole, and once."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from automl.data.loaded import Probes
from automl.session.data_facts import DataFacts
from automl.session.search_session import SearchSession
from automl.tuning.progress import SearchProgress
from storage.records import DataCheckRecord, StudyRecords
from tests.automl.session.sessions import session

FOUND = DataCheckRecord("leakage", "petal", 0.99)


def of(running: SearchSession, probes: Probes) -> DataFacts:
    call = replace(running.call, data=replace(running.call.data, probes=probes))
    return DataFacts(call, running.store)


def makers() -> set[threading.Thread]:
    """The threads that make facts, of other sessions too."""
    return {one for one in threading.enumerate() if one.name == "automl-data-facts"}


def records_of(running: SearchSession) -> StudyRecords:
    return running.store.read_study(running.call.study_name)


def trained(running: SearchSession) -> SearchProgress:
    """A study of which a trial has trained, but nothing of its data is written."""
    progress = next(iter(running))
    assert records_of(running).data_checks == ()
    return replace(progress, n_epochs=1)


def test_they_are_made_beside_the_training_and_written_by_who_trains(tmp_path: Path) -> None:
    may_go_on, ran_in = threading.Event(), []

    def probe() -> tuple[DataCheckRecord, ...]:
        may_go_on.wait(20)
        ran_in.append(threading.current_thread())
        return (FOUND,)

    with session(tmp_path) as running:
        progress = trained(running)
        before = makers()
        facts = of(running, Probes(lambda: probe))
        facts.write_beside(replace(progress, n_epochs=0))
        assert makers() <= before
        facts.write_beside(progress)
        facts.write_beside(progress)
        assert records_of(running).data_checks == ()
        may_go_on.set()
        for thread in makers():
            thread.join(20)
        facts.write_beside(progress)
        written = records_of(running)
        assert written.data_checks == (*running.call.data.data_checks, FOUND)
        assert len(written.kept_artifacts("preprocessing")) == 1
        assert threading.main_thread() not in ran_in
        facts.write()
        assert records_of(running).data_checks == written.data_checks


def test_what_goes_wrong_in_a_probe_is_told_to_who_waits_for_it(tmp_path: Path) -> None:
    def fail() -> tuple[DataCheckRecord, ...]:
        raise ValueError("no trees grow here")

    with session(tmp_path) as running:
        trained(running)
        facts = of(running, Probes(lambda: fail))
        with pytest.raises(ValueError, match="no trees grow here"):
            facts.write()
        assert records_of(running).data_checks == ()


def test_data_that_were_checked_by_an_earlier_call_are_not_probed_again(tmp_path: Path) -> None:
    def probe() -> tuple[DataCheckRecord, ...]:
        raise AssertionError("probed again")

    with session(tmp_path) as running:
        trained(running)
        of(running, Probes(lambda: lambda: (FOUND,))).write()
        before = records_of(running).data_checks
        of(running, Probes(lambda: probe)).write()
        assert records_of(running).data_checks == before


def test_encoders_wait_for_no_probe(tmp_path: Path) -> None:
    """The first weights are kept while the library that probes may still load."""

    def probe() -> tuple[DataCheckRecord, ...]:
        raise AssertionError("waited for")

    with session(tmp_path) as running:
        trained(running)
        of(running, Probes(lambda: probe)).write_encoders()
        written = records_of(running)
        assert len(written.kept_artifacts("preprocessing")) == 1
        assert written.data_checks == ()


def test_encoders_are_kept_before_any_weights_are(tmp_path: Path) -> None:
    with session(tmp_path) as running:
        for _ in running:
            records = records_of(running)
            kept = [artifact.kind for artifact in records.artifacts]
            assert "preprocessing" in kept or "weights" not in kept
        assert "weights" in kept
