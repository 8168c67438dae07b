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
    storage_option,
    tell,
    told_steps,
    told_warnings,
)
from automl.console.command_types import COUNT, FROM_ZERO, ByteSize, Duration, Workers

if TYPE_CHECKING:
    from automl.result import SearchResult
    from automl.session.search_session import SearchSession


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


@main.command()
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="Column to predict.")
@click.option(
    "--task",
    type=click.Choice(["binary", "multiclass", "regression"]),
    help="Default: what the target's values suggest.",
)
@click.option("--loss", help="For regression: mean_squared (default), mean_absolute or huber.")
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out.")
@click.option("--categorical", multiple=True, metavar="COLUMN", help="Read it as categories.")
@click.option("--numeric", multiple=True, metavar="COLUMN", help="Read it as numbers.")
@click.option("--date", multiple=True, metavar="COLUMN", help="Read it as dates.")
@click.option("--missing", multiple=True, metavar="[COLUMN=]VALUE", help="Read it as no value.")
@click.option("--keep-missing-class", is_flag=True, help='"NA" in the target is a class.')
@click.option("--valid", metavar="FILE", help="Validation rows from a file of their own.")
@click.option("--test", metavar="FILE", help="Test rows from a file of their own.")
@click.option("--group", metavar="COLUMN", help="Rows of one group stay in one split.")
@click.option("--time", metavar="COLUMN", help="Split in order of time: the last rows are test.")
@click.option("--folds", type=COUNT, metavar="K", help="Value: mean over K folds.")
@click.option("--split-seed", type=FROM_ZERO, default=0, help="Another division of the rows.")
@click.option("--class-weights", is_flag=True, help="Weigh rare classes more in training.")
@click.option("--study", metavar="NAME", help="Default: the data's name and the target.")
@storage_option
@click.option("--new", is_flag=True, help="Make another study beside one of the same name.")
@click.option("--space", default="mlp", help="Built-in space or TOML file.")
@click.option(
    "--set",
    "set_",
    multiple=True,
    metavar="NAME=VALUE",
    help="Fix or narrow: optimizer=adam, learning_rate=1e-4..1e-2, activation=relu,tanh.",
)
@click.option("--max-epochs", type=COUNT, default=50, help="Passes over the train rows.")
@click.option("--patience", type=COUNT, default=10, help="Epochs without gain that end a trial.")
@click.option("--seed", type=FROM_ZERO, default=0, help="Other trials, weights, row orders.")
@click.option("--target-error", type=float, help="Error rate or RMSE that you hope to reach.")
@click.option("--n-trials", type=COUNT, default=100, help="Total, earlier calls included.")
@click.option("--timeout", type=Duration(), help="Time for the whole command: 90s, 10m, 1h30m.")
@click.option("--sampler", default="tpe", help="Or random, qmc, gp.")
@click.option("--pruner", default="successive_halving", help="Or hyperband, median, none.")
@click.option("--keep-models", type=COUNT, default=5, help="The best trials that keep weights.")
@click.option("--keep-bytes", type=ByteSize(), help="Budget of the kept models' files: 500M.")
@click.option("--preflight/--no-preflight", default=True, help="Stop hopeless trials at once.")
@click.option(
    "--references/--no-references",
    default=True,
    help="Fit a linear model and boosted trees to compare with.",
)
@click.option("--workers", type=Workers(), default="auto", help="Processes that train.")
@click.option("--slots", type=COUNT, help="Trials in training at once.")
@click.option("--trial-timeout", type=Duration(), help="Time for one trial.")
@click.option("--memory-limit", type=ByteSize(), help="Memory of one worker: 2G.")
@click.option("--device", default="cpu", help="Or cuda, cuda:1.")
@click.option(
    "--trainer",
    type=click.Choice(["stacked", "plain"]),
    default="stacked",
    help="plain: one trial after the other, in a loop to read.",
)
@click.option("--report", metavar="FILE", help="Write the report there: report.html.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def search(data: str, report: str | None, as_json: bool, **choices: Any) -> None:
    """Search the hyperparameters of a network for DATA.

    DATA is a CSV, TSV, JSON lines, ARFF or Parquet file (also gzipped), an .npz file, or
    sklearn:NAME. The same command again continues the study to its total.
    """
    began = time.monotonic()
    choices["set"] = choices.pop("set_")
    with told_steps("loading pandas and Optuna"):
        with fast_imports():
            session = _start(data, report, began, choices)
        from automl.console.terminal import show_progress
        from automl.interruption import stop_on_interrupt

        with session:
            with stop_on_interrupt(session.stop) as was_interrupted:
                show_progress(session, session.messages)
            result = session.result()
            _finish(result, report, as_json, began)
    if was_interrupted():
        sys.exit(INTERRUPTED)
    if result.has_only_failures or session.unscored is not None:  # it has been told
        sys.exit(1)


def _start(data: str, report: str | None, began: float, choices: dict[str, Any]) -> SearchSession:
    """Get a search ready; its report's place, too, is checked before anything is trained."""
    from automl.api import start_search
    from automl.options.search_options import SearchOptions
    from automl.output_files import PAGE, check_output
    from automl.result import study_files
    from automl.tuning.clock import Clock
    from automl.tuning.ending_time import PRINTING_SECONDS, REPORT_SECONDS

    options = SearchOptions(**choices, command=shlex.join(["automl", *sys.argv[1:]]))
    if report is not None:
        check_output(report, PAGE, study_files(options.storage, data, options.valid, options.test))
    after = PRINTING_SECONDS + (0.0 if report is None else REPORT_SECONDS)
    return start_search(data, options, Clock(options.timeout, began, afterwards=after))


def _finish(result: SearchResult, report: str | None, as_json: bool, began: float) -> None:
    """Write the report if asked, and print the result, also where the report has failed."""
    from automl.console.summary import print_result
    from automl.errors import OutputError
    from automl.result import result_to_json

    failure = None
    if report is not None:
        try:
            result.report(report)
        except OutputError as error:
            failure, report = error, None
    result = replace(result, seconds=time.monotonic() - began)
    if as_json:
        click.echo(json.dumps(result_to_json(result, report), allow_nan=False))
    else:
        print_result(result, report)
    if failure is not None:
        raise failure


@main.command()
@storage_option
def studies(storage: str) -> None:
    """List the studies of a database."""
    from automl.console.listings import print_studies
    from automl.studies import load_study, study_names

    print_studies([load_study(name, storage) for name in study_names(storage)], storage)


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=FROM_ZERO, metavar="N", help="Show this trial.")
@storage_option
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
@storage_option
def report(study: str, output: str, storage: str) -> None:
    """Write a study's report, one HTML file."""
    with told_steps("reading the study"):
        from automl.studies import load_study

        written = load_study(study, storage).report(output)
    click.echo(written)


@main.command()
@click.argument("study")
@click.argument("data")
@click.option("--trial", "trial_number", type=FROM_ZERO, metavar="N", help="Default: best.")
@output_option("predictions.csv")
@storage_option
def predict(study: str, data: str, trial_number: int | None, output: str, storage: str) -> None:
    """Predict the rows of DATA with a study's best network.

    DATA has the columns that the study was searched on. One line per row is written: the
    prediction, and the probability of each class; by the file's ending as CSV, TSV (.gz too) or
    Parquet. An existing file is replaced only if it holds earlier predictions; those of a
    regression are known as such in Parquet only.
    """
    with told_steps("reading the study"):
        from automl.console.trial_summary import prediction_words
        from automl.streams import one_line
        from automl.studies import load_study

        result = load_study(study, storage)
        with told_warnings():
            written = result.write_predictions(data, output, trial_number)
    click.echo(one_line(prediction_words(result, written)), err=True)
    click.echo(written.path)


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
@storage_option
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
@click.option("--trial", "trial_number", type=FROM_ZERO, required=True, metavar="N")
@click.option("--workers", type=Workers(), default="auto")
@storage_option
def promote(study: str, trial_number: int, workers: Any, storage: str) -> None:
    """Give a pruned trial the full budget, in a run beside the study."""
    with told_steps("loading PyTorch and scikit-learn"):
        from automl.console.trial_summary import print_promotion
        from automl.investigation.questions import promote

        promotion = promote(study, trial_number, storage, workers=workers)
    print_promotion(promotion)


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
@click.option("--workers", type=Workers(), default="auto")
@storage_option
def diagnose(study: str, confirms: bool, depth: str, workers: Any, storage: str) -> None:
    """Say why a study's network is as good as it is, and what to do next."""
    with told_steps("judging the study"):
        from automl import studies
        from automl.console.summary import print_verdict
        from automl.diagnostics.measured_advice import ON_ADVICE

        result = studies.diagnose(study, storage)
        if depth == "full" or confirms:
            tell("loading PyTorch")
            from automl.investigation import questions

            if depth == "full":
                result = questions.explain(study, storage, workers=workers)
            if confirms:
                result = questions.confirm(study, storage, workers=workers)
    print_verdict(result)
    if confirms and not any(one.kind in ON_ADVICE for one in result.diagnoses):
        click.echo(
            "Nothing to confirm: no advice here changes a hyperparameter of the best trial."
        )


@main.command()
@click.argument("studies", nargs=-1, required=True, metavar="STUDY_A STUDY_B ...")
@click.option("-o", "--output", metavar="FILE", help="Write a page with figures too.")
@storage_option
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
@storage_option
def doctor(storage: str) -> None:
    """Look for faults in a database and its files; change nothing."""
    from automl.console.listings import print_findings
    from storage import examine

    findings = examine(storage)
    print_findings(findings, storage)
    sys.exit(1 if findings else 0)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080)
@click.option(
    "--host-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Answer to this name too, as behind a proxy; else to localhost alone.",
)
@storage_option
def dashboard(port: int, names: tuple[str, ...], storage: str) -> None:
    """Start Optuna Dashboard on this machine, with the kept models.

    It listens on 127.0.0.1 only, and refuses requests that pages of other sites make.
    """
    from automl.report.dashboard import serve
    from automl.studies import open_existing_store

    with open_existing_store(storage) as store:
        click.echo(f"Optuna Dashboard on http://127.0.0.1:{port} (Ctrl-C ends it)", err=True)
        serve(store, port, names)


@main.command()
@click.argument("toy", metavar="DATA", default="spirals")
@click.option("--vary", multiple=True, metavar="NAME", help="Only this hyperparameter.")
@output_option("playground.html")
@click.option("--seed", type=FROM_ZERO, default=0)
def playground(toy: str, vary: tuple[str, ...], output: str, seed: int) -> None:
    """See what each choice does to a small network in the plane.

    DATA is spirals, moons, circles, and, or, nand or xor. The page has buttons for noise, depth,
    regularization and activation; other hyperparameters vary one at a time.
    """
    with told_steps("loading PyTorch; all in all it takes half a minute to a minute"):
        from automl.output_files import PAGE, check_output

        check_output(output, PAGE)
        from automl.playground.page import write_playground
        from automl.playground.play import NAMES, play

        played = play(toy, vary or NAMES, seed=seed)
        tell(f"writing {output}")
        written = write_playground(played, output)
    click.echo(written)


if __name__ == "__main__":
    main()
