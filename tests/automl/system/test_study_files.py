from __future__ import annotations

from pathlib import Path

from automl.system.study_files import study_files


def test_the_logs_of_a_database_are_among_the_files_of_a_study(tmp_path: Path) -> None:
    """SQLite writes them beside what a link points at."""
    (tmp_path / "link.db").symlink_to("real.db")
    files = study_files(f"sqlite:///{tmp_path / 'link.db'}", "a.csv", None, table="the data")
    assert files["a.csv"] == "the data"
    assert files[str(tmp_path / "link.db")] == "the database"
    for log in ("-wal", "-shm", "-journal"):
        assert files[str(tmp_path.resolve() / f"real.db{log}")] == "a log of the database"
    assert study_files("sqlite://") == {}
