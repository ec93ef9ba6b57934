"""Finds and reads the telemetry file a drone leaves beside its video."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath

import pyarrow.fs

from ray_app.domain.errors import FootageError
from ray_app.domain.observation import DronePose
from ray_app.geo.dji_srt import read_dji_srt
from ray_app.geo.pose_track import Telemetry
from ray_app.video.filesystem import file_system, is_local, local_path, one_line, shown

# Ten hours at 60 cues per second take 0.9 GB: far more than any battery gives.
LARGEST_BYTES = 1 << 30
_ENDINGS = (".SRT", ".srt", ".Srt")


def poses_beside(
    url: str,
    filesystem: pyarrow.fs.FileSystem | None = None,
    gps_order: str = "lon_lat",
    altitude_reference: str = "unknown",
) -> Callable[[float], DronePose | None]:
    """Returns what gives the pose at a stream time of a video; always None without telemetry.

    `telemetry_beside` gives the same with the notes that say what is missing.
    """
    return telemetry_beside(url, filesystem, gps_order, altitude_reference).pose_at


def telemetry_beside(
    url: str,
    filesystem: pyarrow.fs.FileSystem | None = None,
    gps_order: str = "lon_lat",
    altitude_reference: str = "unknown",
) -> Telemetry:
    """Reads `X.SRT` beside `X.MP4`; a missing or unreadable file gives no cue and a note.

    Args:
        url: The video: a local path, or an address pyarrow or fsspec can read.
        filesystem: Serves the address; None finds out from the address.
        gps_order: Order of bare `GPS(a, b, ...)`: "lon_lat" or "lat_lon".
        altitude_reference: What a plain `altitude` counts from: "take_off" or "unknown".
    """
    name = PurePosixPath(shown(url)).name
    try:
        content = _beside(url, filesystem)
    except (OSError, FootageError) as error:
        return Telemetry((), (f"telemetry beside {name} cannot be read: {one_line(error)}",))
    if content is None:
        return Telemetry(
            (), (f"no telemetry: {PurePosixPath(name).stem}.SRT is not beside {name}",)
        )
    return _read_once(content, gps_order, altitude_reference)


@lru_cache(maxsize=4)
def _read_once(content: bytes, gps_order: str, altitude_reference: str) -> Telemetry:
    # Every segment of a video asks for the same file; half an hour of cues takes seconds to read.
    return read_dji_srt(content, gps_order, altitude_reference)


def telemetry_url(url: str) -> str | None:
    """Returns the address of the telemetry file beside a video; None when there is none."""
    bare, mark, query = (url, "", "") if is_local(url) else url.partition("?")
    stem = bare[: -len(PurePosixPath(bare).suffix) or None]
    for ending in _ENDINGS:
        beside = f"{stem}{ending}{mark}{query}"
        if is_local(beside):
            found = local_path(beside).is_file()
        else:
            filesystem, path = file_system(beside)
            found = filesystem.get_file_info(path).type == pyarrow.fs.FileType.File
        if found:
            return beside
    return None


def _beside(url: str, filesystem: pyarrow.fs.FileSystem | None) -> bytes | None:
    if filesystem is None and is_local(url):
        filesystem, path = pyarrow.fs.LocalFileSystem(), str(local_path(url).absolute())
    elif filesystem is None:
        filesystem, path = file_system(url)
    else:
        path = url.partition("://")[2] or url
    stem = path[: -len(PurePosixPath(path).suffix) or None]
    for info in filesystem.get_file_info([stem + ending for ending in _ENDINGS]):
        if info.type == pyarrow.fs.FileType.File:
            if (info.size or 0) > LARGEST_BYTES:
                raise OSError(f"{info.base_name} is larger than {LARGEST_BYTES >> 20} MiB")
            with filesystem.open_input_stream(info.path) as stream:
                return bytes(stream.read())
    return None
