"""How Optuna Dashboard keeps texts in a study: in pieces, as attributes of Optuna's storage.

    dashboard:note_str:0, 1, ...            the study's note, and how often it was written:
    dashboard:note_ver
    dashboard:TRIAL_ID:note_str:0, 1, ...   a trial's note
    dashboard:TRIAL_ID:note_ver
    dashboard:plot_data:NAME:0, 1, ...      a figure of plotly's, as JSON

Written here rather than by the package's own functions: to import it loads Optuna's importances
and with them scikit-learn, for 0.7 s at the end of each search, and `save_note` reads all notes of
a study again for each one that it saves. The tests read all of it by the package's own functions.
A text that was longer leaves empty pieces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna

PIECE = 2045
"""Characters of one attribute: MySQL's limit, by which the package goes for any storage."""


class DashboardTexts:
    """Writes the texts of one study; what has not changed is not written again."""

    def __init__(self, study: optuna.Study) -> None:
        self._storage = study._storage  # as the dashboard's own functions do
        self._study_id = study._study_id
        self._present: Mapping[str, Any] = self._storage.get_study_system_attrs(self._study_id)

    def save_note(self, body: str, trial_number: int | None = None) -> None:
        """Write a note on the study, or on one of its trials."""
        place = "dashboard"
        if trial_number is not None:
            storage, study_id = self._storage, self._study_id
            trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, trial_number)
            place = f"dashboard:{trial_id}"
        if self._save(f"{place}:note_str:", body):
            version = f"{place}:note_ver"
            self._set(version, self._present.get(version, 0) + 1)

    def save_figure(self, name: str, figure_json: str) -> None:
        """Write a figure in the place of the last of this name."""
        self._save(f"dashboard:plot_data:{name}:", figure_json)

    def _save(self, prefix: str, text: str) -> bool:
        """Write the pieces of a text; whether it is another one than before."""
        old = {key: piece for key, piece in self._present.items() if key.startswith(prefix)}
        pieces = [text[first : first + PIECE] for first in range(0, len(text), PIECE)]
        new = {f"{prefix}{place}": piece for place, piece in enumerate(pieces)}
        wanted = {**dict.fromkeys(old, ""), **new}
        for key, piece in wanted.items():
            if old.get(key) != piece:
                self._set(key, piece)
        return wanted != old

    def _set(self, key: str, value: str | int) -> None:
        self._storage.set_study_system_attr(self._study_id, key, value)
