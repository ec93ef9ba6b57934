"""Opens footage wherever it lies: a local path, or an address pyarrow or fsspec can read."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote, urlsplit, urlunsplit

import fsspec
import pyarrow.fs

from ray_app.domain.errors import FootageError

READ_AHEAD_BYTES = 4 << 20  # one ranged request per 4 MiB; FFmpeg alone asks for 32 KiB at a time
_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%"  # RFC 3986, 2.2, and what is escaped already
_USER = re.compile(r"""[^\s/"'@:]+:(?!//)[^\s"'@]+@""")
_QUERY = re.compile(r"""\?[^\s"']+=[^\s"']*""")


def shown(url: str) -> str:
    """Returns the address without user, password and query: fit for logs and errors."""
    if is_local(url):
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_local(url: str) -> bool:
    """Says whether the address is a path of this machine, with or without file://."""
    return "://" not in url or url.startswith("file://")


def local_path(url: str) -> Path:
    """Returns the path of a local address."""
    return Path(url.removeprefix("file://"))


def file_system(url: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """Returns who serves an address, and the path there.

    pyarrow's own file systems first (s3, gs, hdfs), then any fsspec protocol that is installed.
    pyarrow lets `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` point s3:// to another server.

    Raises:
        FootageError: Nobody serves this kind of address.
    """
    with told(url):
        try:
            found = pyarrow.fs.FileSystem.from_uri(quote(url, safe=_IN_ADDRESSES))
            return cast("tuple[pyarrow.fs.FileSystem, str]", found)
        except pyarrow.ArrowInvalid:
            plug_in, path = fsspec.core.url_to_fs(url)
            return pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(plug_in)), path


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turns whatever a file system raises into one line without credentials.

    Raises:
        FootageError: Anything went wrong inside.
    """
    try:
        yield
    except FootageError:
        raise
    except Exception as error:  # noqa: BLE001  (every fsspec plug-in raises errors of its own)
        raise FootageError(f"{shown(url)}: {one_line(error)}") from None


def open_footage(url: str, filesystem: pyarrow.fs.FileSystem | None = None) -> str | BinaryIO:
    """Returns what FFmpeg can read: a path of this machine, or a seekable file.

    Args:
        url: Local path, or an address; with a filesystem given, a path in it or an address.
        filesystem: Serves the address; None finds out from the address.

    Raises:
        FootageError: Missing, empty, a folder, no permission, or the server does not answer.
    """
    if filesystem is None and is_local(url):
        return _checked_local(url)
    if filesystem is None:
        filesystem, path = file_system(url)
    else:
        path = url.partition("://")[2] or url
    with told(url):
        info = filesystem.get_file_info(path)
        if info.type != pyarrow.fs.FileType.File:
            raise FootageError(f"{shown(url)}: no such file")
        if not info.size:
            raise FootageError(f"{shown(url)}: the file is empty")
        raw = filesystem.open_input_file(path)
    return io.BufferedReader(raw, READ_AHEAD_BYTES)


def _checked_local(url: str) -> str:
    path = local_path(url)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FootageError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if path.is_dir():
        raise FootageError(f"{path}: is a folder, not a file")
    if not size:
        raise FootageError(f"{path}: the file is empty")
    return str(path)


def one_line(error: BaseException) -> str:
    """Returns the error's text on one line, without user, password and query of any address."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = _QUERY.sub("", _USER.sub("", text))
    return text if len(text) <= 300 else f"{text[:300]} ..."
