"""What commands do with a stored study, and say of it, for people or as one JSON value.

Everything heavy is imported inside the functions, as in `cli.py`, whose commands call them. Those
that train more say which step takes the time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from automl.console.command_group import print_json, tell, told_steps


def show(study: str, trial_number: int | None, storage: str, *, as_json: bool) -> None:
    """Show a study, or one of its trials."""
    from automl.console.summary import print_study
    from automl.console.trial_summary import known_trial, print_trial
    from automl.studies import load_study
    from automl.study_json import shown_json, shown_trial_json

    result = load_study(study, storage)
    if trial_number is None:
        print_json(shown_json(result.records, result.storage)) if as_json else print_study(result)
    elif as_json:
        trial = known_trial(result.records, trial_number)
        print_json(shown_trial_json(result.records, trial, result.storage))
    else:
        print_trial(result, trial_number)


def best(study: str, storage: str, *, as_json: bool) -> None:
    """Show the best trial."""
    from automl.console.best_summary import print_best
    from automl.studies import load_study, weight_files
    from automl.study_json import best_json

    result = load_study(study, storage)
    weights = weight_files(result, result.best.number)
    if as_json:
        print_json(best_json(result.records, result.best, [str(path) for path in weights]))
    else:
        print_best(result, weights)


def delete_states(study: str, storage: str, *, as_json: bool) -> None:
    """Delete what only going on needs: nothing is lost but time, so that nobody is asked."""
    from automl.studies import drop_states
    from automl.wording.numbers import size

    n_bytes = drop_states(study, storage)
    if as_json:
        print_json({"study": study, "n_bytes_of_states": n_bytes, "is_deleted": False})
    else:
        click.echo(f"deleted the states of {study} ({size(n_bytes)})")


def delete(study: str, storage: str, *, is_sure: bool, force: bool, as_json: bool) -> None:
    """Delete a study, after a question unless the person is sure."""
    from automl.studies import check_deletable, delete_study, load_study

    n_trials = len(load_study(study, storage).trials)
    if not force:
        check_deletable(study, storage)
    if not is_sure:
        question = f"Delete {study} with {n_trials} trials and its files?"
        click.confirm(question, abort=True, err=as_json)  # stdout is for the value alone
    delete_study(study, storage, force=force)
    if as_json:
        print_json({"study": study, "n_trials": n_trials, "is_deleted": True})
    else:
        click.echo(f"deleted {study} ({n_trials} trials)")


def promote(study: str, trial_number: int, storage: str, *, as_json: bool, **how: Any) -> None:
    """Train a pruned, paused or unfinished trial to its end."""
    with told_steps("loading PyTorch"):
        from automl.console.trial_summary import print_promotion
        from automl.investigation.questions import promote

        promotion = promote(study, trial_number, storage, **how)
    if as_json:
        print_json({"study": study, **promotion.to_json()})
    else:
        print_promotion(promotion)


def reproduce(study: str, trial_number: int, *, as_json: bool, **how: Any) -> None:
    """Train a trial again; the exit code says whether it is the same."""
    with told_steps("loading PyTorch"):
        from automl.console.reproduction_summary import print_reproduction
        from automl.investigation.questions import reproduce

        reproduced = reproduce(study, trial_number, **how)
    if as_json:
        print_json(reproduced.to_json())
    else:
        print_reproduction(reproduced)
    sys.exit(0 if reproduced.is_same else 1)


def diagnose(
    study: str, depth: str, storage: str, *, confirms: bool, as_json: bool, **how: Any
) -> None:
    """Judge a study again, try what the verdict advises, and say all of it."""
    with told_steps("judging the study"):
        from automl import studies
        from automl.console.verdicts import print_verdict
        from automl.diagnostics.measured_advice import ON_ADVICE
        from automl.study_json import diagnosed_json

        result = studies.diagnose(study, storage)
        if depth == "full" or confirms:
            tell("loading PyTorch")
            from automl.investigation import questions

            if depth == "full":
                result = questions.explain(study, storage, **how)
            if confirms:
                result = questions.confirm(study, storage, **how)
    if as_json:
        print_json(diagnosed_json(result.records, result.storage))
        return
    print_verdict(result)
    if confirms and not any(one.kind in ON_ADVICE for one in result.diagnoses):
        click.echo(
            "Nothing to confirm: no advice here changes a hyperparameter of the best trial."
        )


def compare(names: Sequence[str], output: str | None, storage: str, *, as_json: bool) -> None:
    """Hold studies against each other; the page comes first: where it fails nothing is said."""
    from automl.compared_json import compared_json
    from automl.console.comparison_summary import print_comparison
    from automl.studies import compared_page, comparison, load_studies

    results, page = load_studies(names, storage), None
    if output is None:
        compared = comparison(results)
    else:
        compared, page = compared_page(results, output)
    if as_json:
        print_json(compared_json(compared, None if page is None else str(page), storage))
        return
    print_comparison(compared)
    if page is not None:
        click.echo(page)
