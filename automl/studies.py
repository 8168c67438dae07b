"""What can be done with a stored study without training: load, list, judge, delete, compare.

None of it needs the data or torch. What trains more is in `investigation/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

from automl.comparison import Comparison, compare_studies
from automl.diagnostics import agree_with_verdict, diagnose_study
from automl.diagnostics.measured_advice import ON_ADVICE, order_by_measurement
from automl.errors import StudyError, not_ours
from automl.options.values import DATABASE, DEFAULT_STORAGE
from automl.result import SearchResult
from automl.system.output_files import PAGE, check_output
from automl.tuning.foreign_study import diagnose_foreign, is_readable, read_foreign
from automl.tuning.study import read_known_study
from automl.wording.counts import agree, listing
from automl.wording.option_names import named
from search_spaces.declared import is_foreign
from storage import Finding, StorageError, Store, examine, open_store
from storage.answers import kept_weights
from storage.engine import database_path
from storage.listed_studies import STATE
from storage.records import StudyRecords
from storage.untouched import is_foreign_database, open_untouched

ON_CAUSES = frozenset({"data_size", "decomposition"})
"""Kinds of diagnoses that took training, as `ON_ADVICE` did: judging again does not drop them."""


def open_existing_store(storage: str) -> Store:
    """Open a database that must be there: a command that reads makes no new file.

    Raises:
        ConfigError: `storage` is no URL.
        StorageError: there is none, or it holds studies of Optuna alone.
    """
    _check_existing(storage)
    if is_foreign_database(storage):
        raise StorageError(not_ours(f"every study in {storage}"))
    return open_store(storage)


def _check_existing(storage: str) -> None:
    path = database_path(DATABASE.plain("storage", storage))
    if path is not None and not path.exists():
        raise StorageError(
            f"A database must exist to be read, but there is no {path}. Name another with "
            f"{named('storage', 'sqlite:///FILE')}, or make one by a search."
        )


def load_study(study: str, storage: str = DEFAULT_STORAGE) -> SearchResult:
    """The result of a stored study, without its data.

    One that was made with Optuna alone is read as far as its curves and params allow, and judged
    as it is read; its database is not changed (automl/tuning/foreign_study.py).

    Raises:
        StudyError: there is no study of that name, or it has several objectives.
        StorageError: the database cannot be read.
    """
    with _reading(storage) as store:
        return SearchResult(_read(store, study), storage)


def weight_files(result: SearchResult, trial_number: int) -> tuple[Path, ...]:
    """Where the weights of a trial lie (safetensors), one file or one per fold.

    None of a trial whose weights are not kept.
    """
    kept = kept_weights(result.records)
    if not kept:
        return ()
    runs = [run.run_id for run in result.records.search_runs(trial_number)]
    with closing(open_existing_store(result.storage)) as store:
        return tuple(store.artifacts.path(kept[run_id]) for run_id in runs if run_id in kept)


def load_all(storage: str = DEFAULT_STORAGE) -> list[StudyRecords]:
    """All studies that `study_names` names; a database of others is copied once for them."""
    with _reading(storage) as store:
        return [_read(store, name) for name in store.study_names() if is_readable(store, name)]


def study_names(storage: str = DEFAULT_STORAGE) -> list[str]:
    """Names of the studies in a database, those of Optuna alone with one objective too."""
    with _reading(storage) as store:
        return [name for name in store.study_names() if is_readable(store, name)]


def _reading(storage: str) -> AbstractContextManager[Store]:
    _check_existing(storage)
    return open_untouched(storage)


def _read(store: Store, study: str) -> StudyRecords:
    """The records of a study, whoever has made it."""
    if study not in store.study_names() or store.read_settings(study) is not None:
        return read_known_study(store, study)
    records = read_foreign(store.optuna_storage, study)
    return replace(records, diagnoses=(*diagnose_study(records), diagnose_foreign(records)))


def delete_study(study: str, storage: str = DEFAULT_STORAGE, *, force: bool = False) -> None:
    """Delete a study with all that is kept of it, files included.

    Args:
        force: also while a search works on it, which ends with an error then.

    Raises:
        StudyError: there is no study of that name; a search works on it, here or elsewhere.
    """
    with _reading(storage) as found:
        read_known_study(found, study)  # a study that is not ours is refused, its file untouched
    with closing(open_existing_store(storage)) as store, store.transaction(at_once=True):
        if not force:
            _check_unused(store, study)  # in the same transaction: nobody begins a trial meanwhile
        store.delete_study(study)


def check_deletable(study: str, storage: str = DEFAULT_STORAGE) -> None:
    """Raise a StudyError if a search works on a study, before anybody is asked about it."""
    with closing(open_existing_store(storage)) as store:
        _check_unused(store, study)


def _check_unused(store: Store, study: str) -> None:
    """Refuse what would take a study from a search that works on it."""
    searchers = _searchers(store, study)
    if searchers:
        raise StudyError(
            f"a study must not be deleted while it is searched, but {study!r} is, by {searchers}; "
            f"stop that first, or delete it all the same with {named('force', True)}"
        )


def _searchers(store: Store, study: str) -> str:
    """The processes that search a study now, in words; "" where there is none.

    One that has not begun its first trial yet, or has ended its last one, is not known.
    """
    found = store.adoption.others(study)
    whose = listing([f"{one.process_id} on {one.host}" for one in found])
    return f"{agree(len(found), 'process', 'processes')} {whose}" if found else ""


def drop_states(study: str, storage: str = DEFAULT_STORAGE) -> int:
    """Delete the states that trials would go on from; all else of the study is kept.

    A trial that goes on, or is promoted, is trained again from its start then, to the same curve.

    Returns:
        How many bytes their files took.

    Raises:
        StudyError: there is no such study, or a search is at work on it.
    """
    with _reading(storage) as found:
        read_known_study(found, study)
    with closing(open_existing_store(storage)) as store, store.transaction(at_once=True):
        searchers = _searchers(store, study)  # nobody begins or pauses a trial from here on
        if searchers:
            raise StudyError(
                f"the states of a study can be deleted while nobody searches it, but {study!r} is "
                f"searched by {searchers}; let that come to its end first"
            )
        states = [one for one in store.artifacts.list(study) if one.kind == STATE]
        for one in states:
            store.artifacts.remove(one)
        return sum(one.n_bytes for one in states)


def load_studies(studies: Sequence[str], storage: str = DEFAULT_STORAGE) -> list[SearchResult]:
    """The results of two or more stored studies, to be compared.

    Raises:
        StudyError: fewer than two studies are named, or one does not exist.
    """
    if len(studies) < 2:
        raise StudyError(f"a comparison needs two studies or more, but got {len(studies)}")
    return [load_study(name, storage) for name in studies]


def compare(studies: Sequence[str], path: str | Path, storage: str = DEFAULT_STORAGE) -> Path:
    """Write one page on two or more studies: what differs, and which is better.

    Raises:
        StudyError: fewer than two studies are named, or one does not exist.
        OutputError: the page cannot be written there.
    """
    _, page = compared_page(load_studies(studies, storage), path)
    return page


def compared_page(results: Sequence[SearchResult], path: str | Path) -> tuple[Comparison, Path]:
    """Hold studies against each other and write the page on it; both are of the same moment.

    Raises:
        OutputError: the page cannot be written there.
    """
    spared = {file: what for result in results for file, what in result.files.items()}
    check_output(path, PAGE, spared)
    from automl.report.page import write_comparison  # plotly takes half a second to import

    compared = comparison(results)
    return compared, write_comparison(compared, path, spared)


def comparison(results: Sequence[SearchResult]) -> Comparison:
    """Studies side by side, their networks held against each other on the kept predictions."""
    return compare_studies([(result.records, result.kept_predictions()) for result in results])


def diagnose(study: str, storage: str = DEFAULT_STORAGE) -> SearchResult:
    """Judge a stored study again, with what this version knows; no data are needed.

    The verdicts take the place of the earlier ones in the database; of a study that was made with
    Optuna alone they are not kept.
    """
    result = load_study(study, storage)
    if is_foreign(result.records.settings.space):
        return result
    with closing(open_existing_store(storage)) as store:
        return SearchResult(judge(store, read_known_study(store, study)), storage)


def doctor(storage: str = DEFAULT_STORAGE) -> tuple[Finding, ...]:
    """Look for faults in a database and its files, and change nothing.

    Returns:
        The findings, the gravest first, each with the command that mends it; empty if all is well.
    """
    return examine(DATABASE.plain("storage", storage))


def dashboard(storage: str = DEFAULT_STORAGE, port: int = 8080, names: Sequence[str] = ()) -> None:
    """Serve Optuna Dashboard on this machine until it is interrupted.

    A database of Optuna alone is served as it is where it is: notes that are written there stay,
    and the tables of this program are added to it, as by a search.

    Args:
        names: of hosts that it answers to besides localhost, as behind a proxy.

    Raises:
        StorageError: there is no such database.
        ConfigError: optuna-dashboard is not installed, or the port is taken.
    """
    from automl.report.dashboard import serve

    _check_existing(storage)
    with open_store(storage) as store:
        serve(store, port, tuple(names))


def judge(store: Store, records: StudyRecords) -> StudyRecords:
    """Store the verdicts anew; answers that took training stay behind them, and all agree."""
    name = records.settings.study_name
    kept = [one for one in records.diagnoses if one.kind in ON_ADVICE | ON_CAUSES]
    answers = [agree_with_verdict(records, one) for one in kept]
    best = records.best_trial
    verdicts = order_by_measurement(
        diagnose_study(records), answers, None if best is None else best.number
    )
    store.replace_diagnoses(name, [*verdicts, *answers])
    return store.read_study(name)
