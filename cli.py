"""The command line: parse, call one public function, print.

Everything heavy is imported inside the commands, so that `automl --help` answers at once.
What is printed is made in `automl/console/terminal.py`, how errors come out in
`automl/console/command_group.py`; an interrupted command ends with 130, and `--traceback` shows
all.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from automl.console.command_group import (
    INTERRUPTED,
    SETTINGS,
    Commands,
    fast_imports,
    output_option,
    print_version,
    tell,
    told_steps,
)
from automl.console.command_options import SectionedCommand, Typed, typed_option, typed_options
from automl.console.model_commands import predict, serve
from automl.options.search_options import SearchOptions
from automl.options.values import SEED, TRIAL_NUMBER, whole

if TYPE_CHECKING:
    from automl.result import SearchResult
    from automl.session.search_session import SearchSession
    from automl.tuning.clock import Clock


@click.group(cls=Commands, context_settings=SETTINGS)
@click.option("--traceback", is_flag=True, help="Show where an error arose.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and exit.",
)
def main(traceback: bool) -> None:
    """Search the hyperparameters of PyTorch networks, and understand the result."""


@main.command(cls=SectionedCommand)
@click.argument("data")
@typed_options(SearchOptions)
@click.option("--report", metavar="FILE", help="Write the report there: report.html.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def search(data: str, report: str | None, as_json: bool, **choices: Any) -> None:
    """Search the hyperparameters of a network for DATA.

    DATA is a CSV, TSV, JSON lines, ARFF or Parquet file (also gzipped), an .npz file, or
    sklearn:NAME. The same command again continues the study to its total.
    """
    began = time.monotonic()
    with told_steps("loading pandas and Optuna"), _workers_loading(choices):
        with fast_imports():
            session = _start(data, report, began, choices)
        from automl.console.terminal import show_progress
        from automl.system.interruption import stop_on_interrupt

        with session:
            with stop_on_interrupt(session.stop) as was_interrupted:
                show_progress(session, session.messages)
            result = session.result()
            _finish(result, report, as_json, session.call.clock)
    if was_interrupted():
        sys.exit(INTERRUPTED)
    if result.has_only_failures or session.unscored is not None:  # it has been told
        sys.exit(1)


def _workers_loading(choices: dict[str, Any]) -> AbstractContextManager[None]:
    """Let worker processes load meanwhile, where the options ask for some."""
    from automl.executors.workers.warm_server import loading_ahead

    is_limited = choices["trial_timeout"] is not None or choices["memory_limit"] is not None
    return loading_ahead(choices["workers"], (choices["device"],), is_limited=is_limited)


def _start(data: str, report: str | None, began: float, choices: dict[str, Any]) -> SearchSession:
    """Get a search ready; its report's place, too, is checked before anything is trained."""
    from automl.api import start_search
    from automl.result import study_files
    from automl.system.output_files import PAGE, check_output
    from automl.tuning.clock import Clock
    from automl.tuning.ending_time import PRINTING_SECONDS, REPORT_SECONDS

    options = SearchOptions(**choices, command=shlex.join(["automl", *sys.argv[1:]]))
    if report is not None:
        check_output(report, PAGE, study_files(options.storage, data, options.valid, options.test))
    after = PRINTING_SECONDS + (0.0 if report is None else REPORT_SECONDS)
    return start_search(data, options, Clock(options.timeout, began, afterwards=after))


def _finish(result: SearchResult, report: str | None, as_json: bool, clock: Clock) -> None:
    """Write the report if asked, and print the result, also where the report has failed."""
    from automl.console.summary import print_result
    from automl.errors import OutputError

    failure = None
    if report is not None:
        try:
            result.report(report)
        except OutputError as error:
            failure, report = error, None
    result = replace(result, seconds=clock.seconds)
    if as_json:
        click.echo(json.dumps(result.to_json(report), allow_nan=False))
    else:
        print_result(result, report)
    if failure is not None:
        raise failure


@main.command()
@typed_option("storage")
def studies(storage: str) -> None:
    """List the studies of a database."""
    from automl.console.listings import print_studies
    from automl.studies import load_study, study_names

    print_studies([load_study(name, storage) for name in study_names(storage)], storage)


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), help="Show this trial.")
@typed_option("storage")
def show(study: str, trial_number: int | None, storage: str) -> None:
    """Show a study's result, or one of its trials."""
    from automl.console.summary import print_study
    from automl.console.trial_summary import print_trial
    from automl.studies import load_study

    result = load_study(study, storage)
    if trial_number is None:
        print_study(result)
    else:
        print_trial(result, trial_number)


@main.command()
@click.argument("study")
@output_option("report.html")
@typed_option("storage")
def report(study: str, output: str, storage: str) -> None:
    """Write a study's report, one HTML file."""
    with told_steps("reading the study"):
        from automl.studies import load_study

        written = load_study(study, storage).report(output)
    click.echo(written)


main.add_command(predict)
main.add_command(serve)


@main.command()
@click.argument("name", required=False)
def spaces(name: str | None) -> None:
    """List the built-in search spaces, or show one (or a TOML file)."""
    import search_spaces
    from automl.console.listings import print_space, print_spaces

    if name is None:
        print_spaces(search_spaces.names())
    else:
        print_space(search_spaces.load(name))


@main.command()
@click.argument("study")
@click.option("--yes", is_flag=True, help="Do not ask.")
@typed_option("storage")
def delete(study: str, yes: bool, storage: str) -> None:
    """Delete a study with its trials and files."""
    from automl.studies import delete_study, load_study

    n_trials = len(load_study(study, storage).trials)
    if not yes:
        click.confirm(f"Delete {study} with {n_trials} trials and its files?", abort=True)
    delete_study(study, storage)
    click.echo(f"deleted {study} ({n_trials} trials)")


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), required=True)
@typed_option("model")
@typed_option("workers")
@typed_option("storage")
def promote(study: str, trial_number: int, model: str | None, workers: Any, storage: str) -> None:
    """Give a pruned or paused trial the full budget, in a run beside the study."""
    with told_steps("loading PyTorch"):
        from automl.console.trial_summary import print_promotion
        from automl.investigation.questions import promote

        promotion = promote(study, trial_number, storage, model=model, workers=workers)
    print_promotion(promotion)


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), required=True)
@click.option(
    "--trainer",
    type=click.Choice(["stacked", "plain"]),
    help="Default: as then. Another one may differ as rounding does.",
)
@click.option("--device", metavar="NAME", help="Default: as then.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
@typed_option("model")
@typed_option("workers")
@typed_option("storage")
def reproduce(study: str, trial_number: int, as_json: bool, **how: Any) -> None:
    """Train a trial again, and say whether its curve is the same.

    It is trained as far as it was, in runs beside the study: whatever has become of it, also where
    it was pruned, pauses or has failed. The exit code is 0 if it is the same, and 1 if it is not
    or, by another trainer and in chaotic training, cannot be told.
    """
    with told_steps("loading PyTorch"):
        from automl.console.reproduction_summary import print_reproduction
        from automl.investigation.questions import reproduce

        reproduced = reproduce(study, trial_number, **how)
    if as_json:
        click.echo(json.dumps(reproduced.to_json(), allow_nan=False))
    else:
        print_reproduction(reproduced)
    sys.exit(0 if reproduced.is_same else 1)


@main.command()
@click.argument("study")
@click.option("--confirm", "confirms", is_flag=True, help="Try the advice, and say what helped.")
@click.option(
    "--diagnose",
    "depth",
    type=click.Choice(["quick", "full"]),
    default="quick",
    help="full: also split the error into bias and variance, and draw the data-size curve.",
)
@typed_option("model")
@typed_option("workers")
@typed_option("storage")
def diagnose(
    study: str, confirms: bool, depth: str, model: str | None, workers: Any, storage: str
) -> None:
    """Say why a study's network is as good as it is, and what to do next."""
    with told_steps("judging the study"):
        from automl import studies
        from automl.console.verdicts import print_verdict
        from automl.diagnostics.measured_advice import ON_ADVICE

        result = studies.diagnose(study, storage)
        if depth == "full" or confirms:
            tell("loading PyTorch")
            from automl.investigation import questions

            if depth == "full":
                result = questions.explain(study, storage, model=model, workers=workers)
            if confirms:
                result = questions.confirm(study, storage, model=model, workers=workers)
    print_verdict(result)
    if confirms and not any(one.kind in ON_ADVICE for one in result.diagnoses):
        click.echo(
            "Nothing to confirm: no advice here changes a hyperparameter of the best trial."
        )


@main.command()
@click.argument("studies", nargs=-1, required=True, metavar="STUDY_A STUDY_B ...")
@click.option("-o", "--output", metavar="FILE", help="Write a page with figures too.")
@typed_option("storage")
def compare(studies: tuple[str, ...], output: str | None, storage: str) -> None:
    """Compare studies: which is better, how each stands, and what differs.

    Networks that were scored on the same test rows are held against each other row by row.
    """
    from automl.console.comparison_summary import print_comparison
    from automl.studies import compare, comparison, load_studies

    results = load_studies(studies, storage)
    page = None if output is None else compare(studies, output, storage)
    print_comparison(comparison(results))
    if page is not None:
        click.echo(page)


@main.command()
@typed_option("storage")
def doctor(storage: str) -> None:
    """Look for faults in a database and its files; change nothing."""
    from automl.console.listings import print_findings
    from storage import examine

    findings = examine(storage)
    print_findings(findings, storage)
    sys.exit(1 if findings else 0)


@main.command()
@click.option("--port", type=Typed(whole(1, 65535)), default=8080)
@click.option(
    "--host-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Answer to this name too, as behind a proxy; else to localhost alone.",
)
@typed_option("storage")
def dashboard(port: int, names: tuple[str, ...], storage: str) -> None:
    """Start Optuna Dashboard on this machine, with the kept models.

    It listens on 127.0.0.1 only, and refuses requests that pages of other sites make.
    """
    with told_steps("loading Optuna Dashboard"):
        from automl.report.dashboard import serve
        from automl.studies import open_existing_store

        with open_existing_store(storage) as store:
            serve(store, port, names)


@main.command()
@click.argument("toy", metavar="DATA", default="spirals")
@click.option("--vary", multiple=True, metavar="NAME", help="Only this hyperparameter.")
@output_option("playground.html")
@click.option("--seed", type=Typed(SEED), default=0)
def playground(toy: str, vary: tuple[str, ...], output: str, seed: int) -> None:
    """See what each choice does to a small network in the plane.

    DATA is spirals, moons, circles, and, or, nand or xor. The page has buttons for noise, depth,
    regularization and activation; other hyperparameters vary one at a time.
    """
    with told_steps("loading PyTorch; all in all it takes half a minute to a minute"):
        from automl.system.output_files import PAGE, check_output

        check_output(output, PAGE)
        from automl.playground.page import write_playground
        from automl.playground.play import NAMES, play

        played = play(toy, vary or NAMES, seed=seed)
        tell(f"writing {output}")
        written = write_playground(played, output)
    click.echo(written)


if __name__ == "__main__":
    main()
