"""The command line: parse, call one public function, print.

Everything heavy is imported inside the commands, so that `automl --help` answers at once.
What is printed is made in `automl/console/terminal.py`, how errors come out in
`automl/console/command_group.py`; an interrupted command ends with 130, and `--traceback` shows
all.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any

import click

from automl.console import searching, study_commands
from automl.console.command_group import (
    SETTINGS,
    Commands,
    command_line,
    data_option,
    json_option,
    output_option,
    prepare,
    print_json,
    print_version,
    report_option,
    tell,
    told_steps,
)
from automl.console.command_options import (
    SectionedCommand,
    Typed,
    resuming_options,
    typed_option,
    typed_options,
)
from automl.console.completion import SHELLS, offer, script
from automl.console.export_command import export
from automl.console.model_commands import predict, serve
from automl.console.searching import Ending
from automl.options.search_options import SearchOptions
from automl.options.values import SEED, TRIAL_NUMBER, whole


@click.group(cls=Commands, context_settings=SETTINGS)
@click.option("--quiet", is_flag=True, help="Tell errors alone, beside what is asked for.")
@click.option("--verbose", is_flag=True, help="Tell more of what is done.")
@click.option("--log-file", metavar="FILE", help="Append all that is done, with times: a.log.")
@click.option("--traceback", is_flag=True, help="Show where an error arose.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(context: click.Context, /, log_file: str | None, **_: bool) -> None:
    """Search the hyperparameters of PyTorch networks, and understand the result."""
    prepare(context, log_file)


@main.command(cls=SectionedCommand)
@click.argument("data")
@typed_options(SearchOptions)
@report_option
@json_option
def search(data: str, report: str | None, as_json: bool, **choices: Any) -> None:
    """Search the hyperparameters of a network for DATA.

    DATA is a CSV, TSV, JSON lines, ARFF or Parquet file (also gzipped), an .npz file, or
    sklearn:NAME. The same command again continues the study to its total.
    """
    ending = Ending(report, as_json, began=time.monotonic())
    searching.search(data, SearchOptions(**choices, command=command_line()), ending)


@main.command(cls=SectionedCommand)
@click.argument("study")
@resuming_options
@data_option
@click.option("--valid", metavar="FILE", help="Likewise of validation rows of their own.")
@click.option("--test", metavar="FILE", help="Likewise of test rows of their own.")
@typed_option("model")
@typed_option("storage")
@report_option
@json_option
def resume(
    study: str,
    data: str | None,
    valid: str | None,
    test: str | None,
    report: str | None,
    as_json: bool,
    **choices: Any,
) -> None:
    """Continue a study, without saying its data and options again.

    It goes on as its last call searched, for as long, where nothing else is said here; with any
    end of its own (--n-trials, --timeout, ...) the ends of that call count no more.
    """
    ending = Ending(report, as_json, began=time.monotonic())
    searching.go_on(study, choices, {"data": data, "valid": valid, "test": test}, ending)


@main.command()
@typed_option("storage")
@json_option
def studies(storage: str, as_json: bool) -> None:
    """List the studies of a database."""
    from automl.study_list import list_studies

    listed = list_studies(storage)
    if as_json:
        from automl.listed_json import listed_json

        print_json([listed_json(one, storage) for one in listed])
    else:
        from automl.console.study_table import print_studies

        print_studies(listed, storage)


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), help="Show this trial.")
@typed_option("storage")
@json_option
def show(study: str, trial_number: int | None, storage: str, as_json: bool) -> None:
    """Show a study's result, or one of its trials."""
    study_commands.show(study, trial_number, storage, as_json=as_json)


@main.command()
@click.argument("study")
@typed_option("storage")
@json_option
def best(study: str, storage: str, as_json: bool) -> None:
    """Show a study's best trial: its parameters, its scores, the files of its weights."""
    study_commands.best(study, storage, as_json=as_json)


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
main.add_command(export)


@main.command()
@click.argument("name", required=False)
@json_option
def spaces(name: str | None, as_json: bool) -> None:
    """List the built-in search spaces, or show one (or a TOML file)."""
    import search_spaces
    from automl.console.listings import print_space, print_spaces

    names = search_spaces.names()
    space = None if name is None else search_spaces.load(name)
    if as_json:
        print_json(list(names) if space is None else space.to_dict())
    elif space is None:
        print_spaces(names)
    else:
        print_space(space)


@main.command()
@click.argument("study")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also while a search works on it, which then fails.")
@click.option(
    "--states", is_flag=True, help="Only the files that trials would go on from; asks nothing."
)
@typed_option("storage")
@json_option
def delete(study: str, yes: bool, force: bool, states: bool, storage: str, as_json: bool) -> None:
    """Delete a study with its trials and files.

    With --states all of it stays but the states of trials that have not ended: those that go on
    are then trained again from their start, to the same curve. `automl studies` says sizes.
    """
    if states and force:
        raise click.UsageError(
            "--force is for a whole study: --states must wait until no search works on it, but "
            "both were given; leave out one of them"
        )
    if states:
        study_commands.delete_states(study, storage, as_json=as_json)
    else:
        study_commands.delete(study, storage, is_sure=yes, force=force, as_json=as_json)


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), required=True)
@data_option
@typed_option("model")
@typed_option("workers")
@typed_option("storage")
@json_option
def promote(study: str, trial_number: int, as_json: bool, storage: str, **how: Any) -> None:
    """Give a pruned, paused or unfinished trial the full budget, in a run beside the study."""
    study_commands.promote(study, trial_number, storage, as_json=as_json, **how)


@main.command()
@click.argument("study")
@click.option("--trial", "trial_number", type=Typed(TRIAL_NUMBER), required=True)
@click.option(
    "--trainer",
    type=click.Choice(["stacked", "plain"]),
    help="Default: as then. Another one may differ as rounding does.",
)
@click.option("--device", metavar="NAME", help="Default: as then.")
@json_option
@data_option
@typed_option("model")
@typed_option("workers")
@typed_option("storage")
def reproduce(study: str, trial_number: int, as_json: bool, **how: Any) -> None:
    """Train a trial again, and say whether its curve is the same.

    It is trained as far as it was, in runs beside the study: whatever has become of it, also where
    it was pruned, pauses or has failed. The exit code is 0 if it is the same, and 1 if it is not
    or, by another trainer and in chaotic training, cannot be told.
    """
    study_commands.reproduce(study, trial_number, as_json=as_json, **how)


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
@data_option
@typed_option("model")
@typed_option("workers")
@typed_option("storage")
@json_option
def diagnose(
    study: str, confirms: bool, depth: str, storage: str, as_json: bool, **how: Any
) -> None:
    """Say why a study's network is as good as it is, and what to do next."""
    study_commands.diagnose(study, depth, storage, confirms=confirms, as_json=as_json, **how)


@main.command()
@click.argument("studies", nargs=-1, required=True, metavar="STUDY_A STUDY_B ...")
@click.option("-o", "--output", metavar="FILE", help="Write a page with figures too.")
@typed_option("storage")
@json_option
def compare(studies: tuple[str, ...], output: str | None, storage: str, as_json: bool) -> None:
    """Compare studies: which is better, how each stands, and what differs.

    Networks that were scored on the same test rows are held against each other row by row.
    """
    study_commands.compare(studies, output, storage, as_json=as_json)


@main.command()
@typed_option("storage")
@json_option
def doctor(storage: str, as_json: bool) -> None:
    """Look for faults in a database and its files; change nothing."""
    from automl import studies
    from automl.console.listings import print_findings

    findings = studies.doctor(storage)
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
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
        from automl import studies

        studies.dashboard(storage, port, names)


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


@main.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that lets a shell complete commands, options and names of studies.

    For bash, in ~/.bashrc: eval "$(automl completion bash)". For zsh likewise in ~/.zshrc. For
    fish: automl completion fish > ~/.config/fish/completions/automl.fish
    """
    click.echo(script(main, shell))


offer(main)

if __name__ == "__main__":
    main()
