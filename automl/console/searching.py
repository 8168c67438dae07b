"""A search at the command line: what `search` and `resume` do once it is known what to search.

Get ready, show how it goes, print what was found, and end with the exit code that says so. The
report's place is checked before anything is trained; where writing it fails all the same, the
result is printed first.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from automl.console.command_group import INTERRUPTED, fast_imports, print_json, told_steps
from automl.options.option import plain_number
from automl.options.search_options import SearchOptions

if TYPE_CHECKING:
    from automl.result import SearchResult
    from automl.session.search_session import SearchSession
    from automl.tuning.clock import Clock


@dataclass(frozen=True, slots=True)
class Ending:
    """How the result of a search is handed over, and since when the command runs."""

    report: str | None
    as_json: bool
    began: float  # by `time.monotonic`


def go_on(
    study: str, choices: Mapping[str, Any], moved: Mapping[str, str | None], ending: Ending
) -> None:
    """Continue a stored study.

    Args:
        choices: values of options by name; None where a person says nothing.
        moved: where files are by now.
    """
    said = {name: value for name, value in choices.items() if value is not None}
    with told_steps("reading the study"), fast_imports():
        from automl.api import resumed

        source, options = resumed(study, said.pop("storage"), said.pop("model", None), moved, said)
    search(source, options, ending)


def search(data: str, options: SearchOptions, ending: Ending) -> None:
    """Search, with progress on stderr and the result on stdout."""
    from automl.executors.workers.warm_server import loading_ahead

    is_limited = options.trial_timeout is not None or options.memory_limit is not None
    with (
        told_steps("loading pandas and Optuna"),
        loading_ahead(options.workers, (options.device,), is_limited=is_limited),
    ):
        with fast_imports():
            session = _start(data, options, ending)
        from automl.console.terminal import show_progress
        from automl.system.interruption import stop_on_interrupt

        with session:
            with stop_on_interrupt(session.stop) as was_interrupted:
                show_progress(session, session.messages)
            result = session.result()
            _finish(result, ending, session.call.clock)
    if was_interrupted():
        sys.exit(INTERRUPTED)
    if result.lacked_time or not result.has_best or session.unscored is not None:  # it is told
        sys.exit(1)


def _start(data: str, options: SearchOptions, ending: Ending) -> SearchSession:
    from automl.api import start_search
    from automl.system.output_files import PAGE, check_output
    from automl.system.study_files import study_files
    from automl.tuning.clock import Clock
    from automl.tuning.ending_time import PRINTING_SECONDS, REPORT_SECONDS

    after = PRINTING_SECONDS
    if ending.report is not None:
        files = study_files(options.storage, data, options.valid, options.test)
        check_output(ending.report, PAGE, files)
        after += REPORT_SECONDS
    return start_search(
        data, options, Clock(plain_number(options.timeout), ending.began, afterwards=after)
    )


def _finish(result: SearchResult, ending: Ending, clock: Clock) -> None:
    """Write the report if asked, and print the result, also where the report has failed."""
    from automl.console.summary import print_result
    from automl.errors import OutputError

    failure, report = None, ending.report
    if report is not None:
        try:
            result.report(report)
        except OutputError as error:
            failure, report = error, None
    result = replace(result, seconds=clock.seconds)
    if ending.as_json:
        print_json(result.to_json(report))
    else:
        print_result(result, report)
    if failure is not None:
        raise failure
