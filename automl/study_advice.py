"""Advice as it is read: in its commands stands the name of the study that it is of.

It is stored as `automl diagnose STUDY`: names and databases can change afterwards.
"""

from __future__ import annotations

import re
from dataclasses import replace

from automl.commands_to_type import study_command
from automl.options.values import DEFAULT_STORAGE
from storage.records import Diagnosis


def naming_study(
    diagnosis: Diagnosis, study_name: str, storage: str = DEFAULT_STORAGE
) -> Diagnosis:
    """A verdict whose advice names the study in commands, which are stored with STUDY there.

    Args:
        storage: the database that commands name; "" where the study is kept nowhere.
    """

    def named(typed: re.Match[str]) -> str:
        return "`" + study_command(typed[1], study_name, storage or DEFAULT_STORAGE)

    advice = tuple(
        replace(one, text=re.sub(r"`automl (\w+) STUDY\b", named, one.text))
        for one in diagnosis.advice
    )
    return diagnosis if advice == diagnosis.advice else replace(diagnosis, advice=advice)
