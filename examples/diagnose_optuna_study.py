"""What this project says of a study that a loop of your own has made with plain Optuna.

    python examples/diagnose_optuna_study.py

Nothing of the loop has to change. Curves are its intermediate values; verdicts are those that need
no more: ranges that end too early, too few trials, learning rates. The database is only read.
"""

from __future__ import annotations

import optuna
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import automl


def objective(trial: optuna.Trial) -> float:
    """A linear model, whose learning rates are all too small."""
    train, valid, train_y, valid_y = train_test_split(
        *load_digits(return_X_y=True), random_state=0
    )
    model = SGDClassifier(
        "log_loss",
        alpha=trial.suggest_float("alpha", 1e-6, 1e-1, log=True),
        eta0=trial.suggest_float("learning_rate", 1e-7, 1e-5, log=True),
        learning_rate="constant",
        random_state=0,
    )
    loss = float("inf")
    for epoch in range(1, 4):
        model.partial_fit(train / 16, train_y, classes=range(10))
        loss = log_loss(valid_y, model.predict_proba(valid / 16))
        trial.report(loss, epoch)
    return loss


def make_study(storage: str, n_trials: int = 25) -> None:
    """Optuna's own way, and nothing else."""
    sampler = optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(study_name="theirs", storage=storage, sampler=sampler)
    study.optimize(objective, n_trials)


def main() -> None:
    """Make a study, then ask what is wrong with it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = "sqlite:///theirs.db"
    make_study(storage)
    result = automl.diagnose("theirs", storage)
    for diagnosis in result.diagnoses:
        print(diagnosis.message)
        for advice in diagnosis.advice:
            print(f"  {advice.text}")
    print(result.report("theirs.html"))


if __name__ == "__main__":
    main()
