"""Which earlier studies a new one learns from: found, checked, and said in a line for each.

What is wrong with one is told before the new study is made. Once it is made it has a copy of its
own of their trials (`tuning/earlier.py`), so that nothing here is asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing

from automl.errors import ConfigError
from automl.options.search_options import SearchOptions
from automl.studies import open_existing_store
from automl.tuning.earlier import check_family, earlier_study, first_params, fitted
from automl.tuning.settings import study_name_in
from automl.tuning.study import read_known_study
from automl.wording.counts import count
from automl.wording.printable import one_line
from search_spaces import SearchSpace
from storage import Store
from storage.earlier_records import EarlierStudy
from storage.records import StudyRecords, StudySettings

LOG = logging.getLogger("automl")


def read_earlier(
    options: SearchOptions, settings: StudySettings, store: Store
) -> tuple[EarlierStudy, ...]:
    """The earlier studies of a study that is still to be made; none of one that is there.

    Raises:
        StudyError, StorageError: there is no such study.
        ConfigError: it is of another family, has no losses, or nothing of it fits the space.
    """
    stored = None
    if settings.study_name in store.study_names():
        stored = store.read_settings(settings.study_name)
    if not options.warm_start or (stored and stored.warm_start == settings.warm_start):
        return ()
    space = SearchSpace.from_dict(settings.space)
    studies = []
    for name, records in _found(options, store):
        check_family(records, space, name)
        studies.append(earlier_study(records, name))
    for study in studies:
        _tell(study, space)
    return tuple(studies)


def _found(options: SearchOptions, store: Store) -> Iterator[tuple[str, StudyRecords]]:
    """Each earlier study with the name that it was given by."""
    by_name = {study_name_in(given): given for given in options.warm_start}
    for name, given in by_name.items():
        if isinstance(given, StudyRecords):
            yield name, given
            continue
        url, is_elsewhere, own_name = name.rpartition("#")
        if is_elsewhere and "://" in url:
            with closing(open_existing_store(url)) as other:
                yield name, read_known_study(other, own_name)
        else:
            yield name, read_known_study(store, name)


def _tell(study: EarlierStudy, space: SearchSpace) -> None:
    """Say what is learned of a study, and what does not fit.

    Raises:
        ConfigError: nothing fits.
    """
    found = fitted(study, space)
    first = first_params([found.study], space)
    if not first:
        raise ConfigError(
            f"a study to start from must have trials that this space can have, but of "
            f"{study.name!r} none fits: {'; '.join(found.notes)}; widen the space, or leave it "
            "out of warm_start"
        )
    name, n_trials = one_line(study.name), count(len(found.study.trials), "trial")
    LOG.info("learning from %s: %s, of which %s are tried first", name, n_trials, len(first))
    for note in found.notes:
        LOG.info("%s", note)
