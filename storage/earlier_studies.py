"""Parts of the store that few studies have: what one learns from, how its space and beliefs grow.

Earlier studies are written when a study is made (`Store.create_study`), and never change. Ranges
are widened in the transaction in which trials are asked for that may lie in the wider ones, and
beliefs are kept in that of the trials that were decided by them.
"""

from __future__ import annotations

from dataclasses import asdict

from storage import record_rows, study_reading, tables
from storage.call_records import BeliefRecord
from storage.database import Database
from storage.earlier_records import EarlierStudy
from storage.study_access import reading, writing
from storage.widening_records import WideningRecord


class EarlierStudies:
    """The earlier studies that studies learn from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, study_name: str) -> tuple[EarlierStudy, ...]:
        """Those of a study, as they were when it was made."""
        with reading(self._database, study_name) as (connection, study_id):
            return study_reading.read_earlier(connection, study_id)


class Widenings:
    """The looks at the ends of ranges, and what was widened after them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, study_name: str, record: WideningRecord) -> None:
        """Keep which ranges are wider from a trial on."""
        with writing(self._database, study_name) as (connection, study_id):
            row = record_rows.widening_row(record, study_id)
            connection.execute(tables.WIDENINGS.insert(), row)

    def read(self, study_name: str) -> tuple[WideningRecord, ...]:
        """Those of a study, in their order."""
        with reading(self._database, study_name) as (connection, study_id):
            return study_reading.read_widenings(connection, study_id)


class Beliefs:
    """What policies have learned of studies beside their trials, each time that they learned."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, study_name: str, record: BeliefRecord) -> None:
        """Keep what a policy has learned."""
        with writing(self._database, study_name) as (connection, study_id):
            connection.execute(tables.BELIEFS.insert(), {**asdict(record), "study_id": study_id})

    def last(self, study_name: str, policy: str) -> BeliefRecord | None:
        """What a policy has learned of a study by now; None: nothing yet."""
        with reading(self._database, study_name) as (connection, study_id):
            known = study_reading.read_beliefs(connection, study_id)
        return next((one for one in reversed(known) if one.policy == policy), None)
