"""What a stream over HTTP is made of is fetched here, not by FFmpeg: nothing leads elsewhere."""

import base64
import http.client
import ssl
from collections.abc import Mapping
from http.client import HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPDigestAuthHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from ray_app.domain.errors import ConfigError
from ray_app.outside.secrets import redacted
from ray_app.video.live.address import StreamAddress
from ray_app.video.live.stream_settings import StreamSettings

MOST_PLAYLIST_BYTES = 2**20
"""A list of segments that goes on for longer is none: it is kept in memory whole."""
_PLAYLIST = b"#EXTM3U"


class LedAwayError(OSError):
    """A playlist or an answer leads to where the stream may not go."""


class CredentialsRefusedError(OSError):
    """The camera does not accept user and password."""


class WebSource:
    """Fetches a stream over HTTP, and the segments and keys its playlist names.

    FFmpeg's own HTTP follows redirects from segments and asks any host a playlist names; here
    every address passes the checks of the stream's own.

    Args:
        address: Of the stream.
        settings: Time limits and certificates.
    """

    def __init__(self, address: StreamAddress, settings: StreamSettings) -> None:
        self._address = address
        self._wait_s = settings.read_s
        self._opener = _opener(address.reveal(), settings)
        self._bodies: list[_Body] = []

    def open(self, url: str, flags: int, options: Mapping[str, str]) -> "_Body":
        """Opens an address for FFmpeg; the arguments are as PyAV's `io_open` has them.

        Raises:
            LedAwayError: It may not be opened.
            CredentialsRefusedError: User or password are wrong.
            OSError: It cannot be reached.
        """
        del flags
        if url.startswith("crypto"):
            raise LedAwayError("the segments are encrypted; encrypted HLS is not read")
        try:
            self._address.check_led_to(url)
        except ConfigError as error:
            raise LedAwayError(f"the playlist leads to {error}") from None
        body = _Body(self._ask(url, options))
        self._bodies = [*(each for each in self._bodies if not each.is_closed), body]
        return body

    def close(self) -> None:
        """Closes what FFmpeg left open."""
        for body in self._bodies:
            body.close()

    def _ask(self, url: str, options: Mapping[str, str]) -> http.client.HTTPResponse:
        request = Request(_without_user(url), headers={"Accept": "*/*"})  # noqa: S310  checked
        if int(options.get("end_offset", 0)) > 0:
            part = f"bytes={int(options.get('offset', 0))}-{int(options['end_offset']) - 1}"
            request.add_header("Range", part)
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=self._wait_s)
        except HTTPError as error:
            error.close()
            raise _refusal(error.code, error.reason) from None
        except URLError as error:
            reason = error.reason
            raise (reason if isinstance(reason, OSError) else OSError(reason)) from None
        except http.client.HTTPException as error:
            raise OSError(f"no answer of HTTP: {type(error).__name__}") from None
        if request.has_header("Range") and answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            answer.close()
            raise OSError("the server does not give parts of a file")
        return answer


class _Body:
    """The body of one answer, as FFmpeg reads it."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer
        self._read_bytes = 0
        self._is_playlist: bool | None = None
        self.is_closed = False

    def read(self, size_bytes: int) -> bytes:
        """Returns what is there, waiting for something; empty at the end."""
        try:
            content = self._answer.read1(size_bytes)
        except http.client.HTTPException as error:
            raise OSError(f"the answer broke off: {type(error).__name__}") from None
        if self._is_playlist is None:
            self._is_playlist = content.startswith(_PLAYLIST)
        self._read_bytes += len(content)
        if self._is_playlist and self._read_bytes > MOST_PLAYLIST_BYTES:
            raise OSError(f"a playlist of more than {MOST_PLAYLIST_BYTES} bytes")
        return content

    def close(self) -> None:
        """Ends the connection."""
        self.is_closed = True
        self._answer.close()


class _Once(HTTPDigestAuthHandler):
    """Answers a challenge once: the library's own insists five times, and cameras lock out."""

    def __init__(self, passwords: HTTPPasswordMgrWithDefaultRealm) -> None:
        super().__init__(passwords)
        self._passwords = passwords

    def http_error_401(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> Any:  # noqa: ANN401  as the library's
        """Asks again with user and password; None when they were given, or there are none."""
        user, password = self._passwords.find_user_password(None, req.full_url)
        if user is None or req.has_header("Authorization"):
            return None
        ways = [each.lower().split()[0] for each in headers.get_all("www-authenticate", ["-"])]
        if ways[0] == "digest":
            return super().http_error_401(req, fp, code, msg, headers)
        if "basic" not in ways:
            return None
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        req.add_unredirected_header("Authorization", f"Basic {token}")
        return self.parent.open(req, timeout=req.timeout)


def _opener(url: str, settings: StreamSettings) -> OpenerDirector:
    """Returns what speaks HTTP and HTTPS, and knows nothing of redirects, files or proxies."""
    parts = urlsplit(url)
    passwords = HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        origin = f"{parts.scheme}://{_place(parts.netloc)}/"
        user, password = unquote(parts.username), unquote(parts.password or "")
        passwords.add_password(None, origin, user, password)
    opener = OpenerDirector()
    opener.addheaders = [("User-Agent", "vigie")]
    for handler in (
        HTTPHandler(),
        HTTPSHandler(context=_tls(settings)),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
        _Once(passwords),
    ):
        opener.add_handler(handler)
    return opener


def _tls(settings: StreamSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if not settings.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=_place(parts.netloc)).geturl()


def _place(netloc: str) -> str:
    return netloc.rpartition("@")[2]


def _refusal(code: int, reason: str) -> OSError:
    if code in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        return CredentialsRefusedError("the camera refuses user or password")
    if http.HTTPStatus.MULTIPLE_CHOICES <= code < http.HTTPStatus.BAD_REQUEST:
        return LedAwayError(f"the answer leads elsewhere ({code}); redirects are not followed")
    return OSError(redacted(f"answer {code}: {reason}"))
