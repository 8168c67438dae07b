"""What is taken from the cache is whole and the user's own; everything else is removed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.stacked import native_cache
from automl.stacked.native_cache import Kept, cache_folder, keep, read_kept

CONTENTS = bytes(range(256)) * 40
KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "automl-torch"


def kept_file(folder: Path) -> Path:
    (path,) = folder.glob("*.so")
    return path


def test_what_was_kept_is_read_again_and_nothing_else_is_left(folder: Path) -> None:
    assert read_kept(KEY) == Kept()
    keep(KEY, CONTENTS)
    assert read_kept(KEY) == Kept(CONTENTS)
    assert read_kept("another") == Kept()
    assert list(folder.iterdir()) == [kept_file(folder)]


def test_the_folder_is_the_users_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        cache_folder()
        keep(KEY, CONTENTS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept_file(folder).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.truncate(path, len(CONTENTS) // 2),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(os.urandom(len(CONTENTS))),
        lambda path: path.write_bytes(CONTENTS[:-1] + b"x"),
    ],
    ids=["cut off", "empty", "random", "one byte"],
)
def test_a_file_that_is_not_what_was_kept_is_removed(
    spoil: Callable[[Path], None], folder: Path
) -> None:
    keep(KEY, CONTENTS)
    path = kept_file(folder)
    spoil(path)
    assert read_kept(KEY) == Kept(None, f"{path} is damaged or was altered")
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o777])
def test_a_file_that_others_can_write_is_not_taken(mode: int, folder: Path) -> None:
    keep(KEY, CONTENTS)
    kept_file(folder).chmod(mode)
    kept = read_kept(KEY)
    assert kept.contents is None
    assert (
        f"can be written by others (its mode is {mode:o}; chmod go-w mends it)" in kept.objection
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_somebody_else_is_not_taken(what: str, folder: Path) -> None:
    keep(KEY, CONTENTS)
    os.chown(kept_file(folder) if what == "file" else folder, 12345, 12345)
    if what == "file":
        assert "belongs to the user of number 12345" in read_kept(KEY).objection
    else:
        with pytest.raises(PermissionError, match=f"{folder} belongs to the user of number 12345"):
            read_kept(KEY)


def test_a_folder_that_others_can_write_is_not_used(folder: Path) -> None:
    keep(KEY, CONTENTS)
    folder.chmod(0o777)
    for use in (lambda: read_kept(KEY), lambda: keep(KEY, CONTENTS)):
        with pytest.raises(PermissionError, match=r"can be written by others \(its mode is 777"):
            use()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/bin/sh")])
def test_what_is_no_file_is_not_waited_for(make: Callable[[Path], None], folder: Path) -> None:
    make(cache_folder() / f"kernels_{KEY}_{'0' * 64}.so")
    kept = read_kept(KEY)
    assert kept.contents is None
    assert kept.objection


def test_a_file_in_the_folders_place_is_an_error_of_the_system(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("")
    with pytest.raises(OSError):
        read_kept(KEY)


def test_unfinished_files_are_removed_once_nobody_writes_them(folder: Path) -> None:
    old, new = cache_folder() / ".kernels_old.part", cache_folder() / ".kernels_new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    long_ago = time.time() - native_cache.ABANDONED_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    keep(KEY, CONTENTS)
    assert not old.exists()
    assert new.exists()
