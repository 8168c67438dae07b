"""How each call of a search searched, what it asked for and did not get, and why it ended.

A row is written when a call begins, and one when its search has ended. What became of the answer
that it asked for is noted in its first row: nothing of a trial depends on it.
"""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import func, select

from storage import tables
from storage.call_records import PolicyRecord, StopReason
from storage.database import Database
from storage.study_access import writing


class Calls:
    """The calls of studies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, study_name: str, record: PolicyRecord | StopReason) -> None:
        """Keep how a call searches, from a trial on, or why it ended."""
        table = tables.POLICIES if isinstance(record, PolicyRecord) else tables.STOPS
        with writing(self._database, study_name) as (connection, study_id):
            connection.execute(table.insert(), {**asdict(record), "study_id": study_id})

    def note_untrained(
        self, study_name: str, answer: str, why: str | None, trial_number: int | None
    ) -> None:
        """Keep why networks of the answer that a call asked for were not trained.

        Args:
            answer: which answer it asked for: the last call that did is meant.
            why: None: all of them were, by now.
            trial_number: of the trial that they were to be made of.
        """
        table = tables.POLICIES
        with writing(self._database, study_name) as (connection, study_id):
            asked = (table.c.study_id == study_id) & (table.c.answer == answer)
            last = select(func.max(table.c.policy_id)).where(asked).scalar_subquery()
            noted = {"untrained": why, "untrained_trial": trial_number}
            connection.execute(table.update().where(table.c.policy_id == last).values(noted))
