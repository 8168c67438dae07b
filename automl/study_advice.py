"""Advice as it is read: in its commands stands the name of the study that it is of.

It is stored as `automl diagnose STUDY`: names and databases can change afterwards.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from automl.commands_to_type import study_command
from automl.options.values import DEFAULT_STORAGE
from storage.records import Diagnosis

ASKING: Final = re.compile(r"`automl (\w+) STUDY\b")
ASKING_AT_THE_END: Final = re.compile(r"(?:^|: )[^:`]*`automl \w+ STUDY\b.*", re.DOTALL)
"""From the colon before a command on a study to the end of the text."""

KEEP_IT: Final = "Fit with storage='sqlite:///automl.db' to have this measured."
"""What is said in the place of a command on a study that an estimator has not kept."""


def naming_study(
    diagnosis: Diagnosis, study_name: str, storage: str = DEFAULT_STORAGE
) -> Diagnosis:
    """A verdict whose advice names the study in commands, which are stored with STUDY there.

    Args:
        storage: the database that commands name; "" where the study is kept nowhere.
    """
    advice = tuple(
        replace(one, text=text_naming_study(one.text, study_name, storage))
        for one in diagnosis.advice
    )
    return diagnosis if advice == diagnosis.advice else replace(diagnosis, advice=advice)


def text_naming_study(text: str, study_name: str, storage: str = DEFAULT_STORAGE) -> str:
    """A text whose commands on STUDY are on that study.

    Args:
        storage: the database that commands name; "" where the study is kept nowhere: then it is
            said how to keep one, since there is nothing that such a command could be typed on.
    """

    def named(typed: re.Match[str]) -> str:
        return "`" + study_command(typed[1], study_name, storage)

    def kept(asked: re.Match[str]) -> str:
        return KEEP_IT if asked.start() == 0 else f". {KEEP_IT}"

    return ASKING.sub(named, text) if storage else ASKING_AT_THE_END.sub(kept, text)
