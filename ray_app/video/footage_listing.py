"""Finds video files under what a person named, and whose camera each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pyarrow.fs

from ray_app.domain.errors import FootageError
from ray_app.video.filesystem import file_system, is_local, local_path, one_line, shown, told

VIDEO_ENDINGS = frozenset({
    ".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg",
    ".mpeg", ".mjpg", ".mjpeg", ".h264", ".264", ".h265", ".265", ".hevc", ".flv", ".wmv", ".asf",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CameraFootage:
    """Which files belong to which camera.

    Attributes:
        urls_of: (camera id, its files in name order), in the order the cameras were given.
        unclaimed: Files no camera's patterns match.
        contested: (file, camera ids) where several cameras claim it; given to none.
    """

    urls_of: tuple[tuple[str, tuple[str, ...]], ...]
    unclaimed: tuple[str, ...]
    contested: tuple[tuple[str, tuple[str, ...]], ...]


def list_footage(paths: Sequence[str]) -> tuple[str, ...]:
    """Returns the video files that files, folders and addresses name, each once, in name order.

    A file named outright is taken whatever its ending; folders are searched to the bottom for
    known endings, hidden files left out.

    Raises:
        FootageError: A path does not exist, a server does not answer, or nothing was found.
    """
    found = dict.fromkeys(url for path in paths for url in _expand(path))
    if not found:
        looked_in = ", ".join(shown(path) for path in paths)
        known = " ".join(sorted(VIDEO_ENDINGS))
        raise FootageError(f"no video files in {looked_in}; known endings: {known}")
    return tuple(sorted(found))


def whole_address(url: str) -> str:
    """Returns an address that means the same from any folder: local paths made absolute."""
    return str(local_path(url).absolute()) if is_local(url) else url


def match_cameras(urls: Sequence[str], patterns_of: Mapping[str, Sequence[str]]) -> CameraFootage:
    """Returns which camera each file belongs to.

    Args:
        urls: Files.
        patterns_of: Camera id to shell patterns. A pattern is matched against the file name, or,
            when it holds a slash, against as many trailing parts of the path as it has itself.
    """
    claims = {
        url: tuple(camera for camera, patterns in patterns_of.items() if _matches(url, patterns))
        for url in urls
    }
    return CameraFootage(
        urls_of=tuple(
            (camera, tuple(sorted(url for url, by in claims.items() if by == (camera,))))
            for camera in patterns_of
        ),
        unclaimed=tuple(url for url, by in claims.items() if not by),
        contested=tuple((url, by) for url, by in claims.items() if len(by) > 1),
    )


def _matches(url: str, patterns: Sequence[str]) -> bool:
    parts = PurePosixPath(shown(url).partition("://")[2] or url).parts
    return any(
        fnmatchcase(str(PurePosixPath(*parts[-len(PurePosixPath(pattern).parts) :])), pattern)
        for pattern in patterns
    )


def _expand(path: str) -> list[str]:
    return _expand_local(local_path(path)) if is_local(path) else _expand_remote(path)


def _expand_local(path: Path) -> list[str]:
    if not path.exists():
        raise FootageError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [str(path)]
    try:
        return [str(file) for file in path.rglob("*") if _is_video(file.relative_to(path))]
    except OSError as error:
        raise FootageError(f"{path}: {one_line(error)}") from None


def _expand_remote(url: str) -> list[str]:
    filesystem, path = file_system(url)
    with told(url):
        kind = filesystem.get_file_info(path).type
        if kind == pyarrow.fs.FileType.File:
            return [url]
        if kind == pyarrow.fs.FileType.NotFound:
            raise FootageError(f"{shown(url)}: no such file or folder")
        below = filesystem.get_file_info(pyarrow.fs.FileSelector(path, recursive=True))
    is_plug_in = isinstance(filesystem, pyarrow.fs.PyFileSystem)
    return [
        (_by_plug_in if is_plug_in else _by_pyarrow)(url, path, info.path)
        for info in below
        if info.type == pyarrow.fs.FileType.File
        and _is_video(PurePosixPath(info.path).relative_to(path))
    ]


def _by_pyarrow(url: str, folder: str, file: str) -> str:
    """Returns the address of a file below a folder; what would end its path is escaped."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    is_bucket = PurePosixPath(folder).parts[0] == host
    root = f"{parts.scheme}://{user}{at}{'' if is_bucket else host}"
    escaped = file.replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return f"{root}{escaped}{'?' if parts.query else ''}{parts.query}"


def _by_plug_in(url: str, folder: str, file: str) -> str:
    """Returns the same where paths stand in addresses as they are."""
    address, mark, query = url.partition("?")
    return f"{address.rpartition(folder.rstrip('/'))[0]}{file}{mark}{query}"


def _is_video(path: PurePosixPath | Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in VIDEO_ENDINGS and not hidden
