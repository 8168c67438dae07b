from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path

import pytest

from automl.data.files.file_bytes import MAX_UNPACKED_BYTES, read_bytes, shown
from automl.data.sources import read_table
from automl.errors import DataError


def test_missing_file_and_folder_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="check the path"):
        read_bytes(tmp_path / "nothing.csv")
    (tmp_path / "titanic.csv").write_bytes(b"a,b\n")
    with pytest.raises(DataError, match=r"did you mean .*titanic.csv"):
        read_bytes(tmp_path / "titanc.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_bytes(tmp_path)
    with pytest.raises(DataError, match="there is no"):
        read_bytes(tmp_path / "no folder" / "t.csv")
    with pytest.raises(DataError, match="must be readable"):
        read_bytes(tmp_path / "titanic.csv" / "t.csv")


@pytest.mark.parametrize("name", ["a\0b.csv", "x" * 300 + ".csv", "\ud800.csv"])
def test_impossible_names_are_data_errors(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / name)
    str(raised.value).encode()


@pytest.mark.timeout(20)
def test_pipes_devices_and_sockets_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is a pipe"):
        read_table(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is a device"):
        read_table("/dev/zero")
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    with pytest.raises(DataError, match="is a device"):
        read_table(tmp_path / "link.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s.csv"))
        with pytest.raises(DataError, match="is a socket"):
            read_table(tmp_path / "s.csv")


def test_gzip_unpacks_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * (1 << 20)))
    assert len(read_bytes(path)) == 4 << 20
    with pytest.raises(DataError, match=r"at most 3 MiB, but t.csv.gz unpacks to more; unpack"):
        read_bytes(path, limit=3 << 20)


@pytest.mark.slow
def test_four_gigabytes_of_zeros_in_gzip_are_refused(tmp_path: Path) -> None:
    """In members of 16 MiB, of which none says that it is large."""
    member = gzip.compress(bytes(16 << 20))
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(member * 256)
    assert MAX_UNPACKED_BYTES < 4 << 30
    with pytest.raises(DataError, match="at most 1,024 MiB"):
        read_table(path)


def test_damaged_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for content in (gzip.compress(b"a,b\n1,2\n" * 100)[:-20], b"\x1f\x8b" + bytes(50)):
        path.write_bytes(content)
        with pytest.raises(DataError, match="damaged"):
            read_bytes(path)


def test_names_are_shown_so_that_they_can_be_printed() -> None:
    assert shown(os.fsdecode(b"caf\xe9.csv")) == r"caf\udce9.csv"
    assert shown(Path("이름 1.csv")) == "이름 1.csv"
    assert shown("a\x1b[2J\n.csv") == r"a\x1b[2J\n.csv"
