"""Opens a live stream: its protocols and no other, its time limits, its certificates."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import InputContainer

from ray_app.video.live.address import StreamAddress
from ray_app.video.live.stream_settings import StreamSettings
from ray_app.video.live.web_source import WebSource

NOT_TRUSTED = (
    "no connection over TLS: the certificate is not trusted, or not this host's; "
    "name the site's authority in reading.ca_file"
)
_PROBE = {"analyzeduration": "500000", "fpsprobesize": "0", "probesize": "1000000"}


@contextmanager
def opened(address: StreamAddress, settings: StreamSettings) -> Iterator[InputContainer]:
    """Opens a stream for as long as the block lasts.

    Args:
        address: Of the stream, checked.
        settings: How it is read.

    Yields:
        What brings its packets.

    Raises:
        av.FFmpegError, OSError: It cannot be opened.
    """
    limits = (settings.open_s, settings.read_s)
    if address.scheme in ("http", "https"):
        options = _PROBE | {"http_persistent": "0", "http_multiple": "0"}
        web = WebSource(address, settings)
        try:
            with av.open(
                address.reveal(), options=options, timeout=limits, io_open=web.open
            ) as container:
                yield container
        finally:
            web.close()
        return
    whole = address.reveal()
    source = whole.removeprefix("file://") if address.scheme == "file" else whole
    options = _options(address, settings)
    try:
        container = av.open(source, options=options, timeout=limits)
    except OSError as error:
        if "tls_verify" in options and error.errno == errno.EIO:  # all that FFmpeg tells of TLS
            raise OSError(NOT_TRUSTED) from None
        raise
    with container:
        yield container


def _options(address: StreamAddress, settings: StreamSettings) -> dict[str, str]:
    limit_us = str(round(settings.read_s * 1e6))
    options = {"protocol_whitelist": address.protocols, "rw_timeout": limit_us} | _PROBE
    if address.scheme.startswith("rtsp"):
        options |= {"rtsp_transport": settings.transport, "timeout": limit_us}
    if address.scheme in ("rtsps", "rtmps") and settings.verify_tls:
        options |= {"tls_verify": "1"}
        options |= {"ca_file": settings.ca_file} if settings.ca_file else {}
    return options
