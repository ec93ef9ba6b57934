"""Addresses of live streams. They are written by people and are hostile input until checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

from ray_app.domain.errors import ConfigError
from ray_app.domain.ranges import one_of, refuse_faults
from ray_app.domain.settings import settings
from ray_app.outside.hosts import check_host
from ray_app.outside.secrets import HIDDEN, REFERENCE, is_reference, put_in, redacted

SCHEMES: Mapping[str, str] = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtp,srtp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "udp": "udp",
    "http": "http,tcp",
    "https": "https,tls,tcp",
    "file": "file",
}
"""Schemes that may be opened, and the only protocols FFmpeg may use for each."""


@settings
class AllowedStreams:
    """Which streams may be opened at all.

    Attributes:
        schemes: Allowed schemes, of `SCHEMES`.
        hosts: Allowed hosts: names with * and ?, addresses, or networks as 10.0.0.0/8. Of
            networks and addresses only hosts written as addresses are members: names are not
            looked up, for what a name means may change between the check and the opening.
    """

    schemes: tuple[str, ...] = tuple(scheme for scheme in SCHEMES if scheme != "file")
    hosts: tuple[str, ...] = ("*",)

    def __post_init__(self) -> None:
        refuse_faults(*(one_of("schemes", scheme, tuple(SCHEMES)) for scheme in self.schemes))


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """An address that passed the checks. Printing it never shows a secret.

    Attributes:
        shown: The address as it may be logged.
        protocols: What FFmpeg may use for it, comma separated.
    """

    shown: str
    protocols: str
    _whole: str = field(repr=False)
    _allowed: AllowedStreams = field(default_factory=AllowedStreams, repr=False)

    @property
    def scheme(self) -> str:
        """Its scheme, lower case."""
        return self._whole.partition(":")[0].lower()

    def reveal(self) -> str:
        """Returns the address with its secrets, for the library that opens it and nobody else."""
        return self._whole

    def check_led_to(self, url: str) -> None:
        """Checks where a playlist of this stream leads to.

        It may stay on its own host, or go to one that the site allows by name: `*` lets a
        site's people write any address, but not a camera.

        Raises:
            ConfigError: It may not go there, by another scheme, or off TLS.
        """
        own = urlsplit(self._whole)
        hosts = dict.fromkeys((own.hostname or "", *self._allowed.hosts))
        allowed = replace(self._allowed, hosts=tuple(host for host in hosts if host != "*"))
        shown = redacted(url)
        scheme = _check_whole(url, shown, allowed)
        if scheme != own.scheme.lower() and (own.scheme, scheme) != ("http", "https"):
            raise ConfigError(f"{shown}: a stream by {own.scheme} does not go there")


def read_address(
    text: str, allowed: AllowedStreams, environment: Mapping[str, str] = os.environ
) -> StreamAddress:
    """Returns the address of a stream, secrets put in, checked.

    `${NAME}` stands for an environment variable, `${file:/path}` for the first line of a file.
    A password must be given so: a site file is copied and printed.

    Args:
        text: As in the site file.
        allowed: What may be opened.
        environment: Of the process.

    Raises:
        ConfigError: Not an address, of a scheme or host that is not allowed, a password written
            out, or a secret that is not there. The message shows no secret.
    """
    check_address(text, allowed)
    shown = redacted(text)
    whole = put_in(text, shown, environment)
    scheme = _check_whole(whole, shown, allowed)
    return StreamAddress(_without_credentials(whole), SCHEMES[scheme], whole, allowed)


def check_address(text: str, allowed: AllowedStreams) -> None:
    """Checks an address as far as can be without its secrets; raises as `read_address`."""
    shown = redacted(text)
    blank = REFERENCE.sub("x", text)
    if REFERENCE.search(text.partition("://")[2].rpartition("@")[2].partition("/")[0]):
        allowed = replace(allowed, hosts=("*",))  # known once the reference is put in
    scheme = _check_whole(blank, shown, allowed)
    if scheme != "file" and urlsplit(blank).password is not None and not _is_by_reference(text):
        raise ConfigError(
            f"{shown}: a password is written out; put it in the environment and write "
            "${NAME} instead, or ${file:/path}"
        )


def _is_by_reference(text: str) -> bool:
    """Returns whether the password is nothing but a reference."""
    user_info = text.partition("://")[2].rpartition("@")[0]
    password = user_info.partition(":")[2]
    return is_reference(password)


def _check_whole(whole: str, shown: str, allowed: AllowedStreams) -> str:
    """Returns the scheme of an address that may be opened."""
    try:
        parts = urlsplit(whole)
        _ = parts.port
    except ValueError:
        raise ConfigError(f"{shown}: not an address of a stream") from None
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES or scheme not in allowed.schemes:
        known = ", ".join(allowed.schemes)
        raise ConfigError(f"{shown}: scheme {scheme!r} is not allowed; allowed: {known}")
    if any(ord(letter) < 33 for letter in whole):
        raise ConfigError(f"{shown}: blanks and line ends are not allowed in an address")
    if scheme != "file":
        check_host(parts.hostname or "", allowed.hosts, shown)
    return scheme


def _without_credentials(whole: str) -> str:
    parts = urlsplit(whole)
    place = parts.netloc.rpartition("@")
    netloc = f"{HIDDEN}@{place[2]}" if place[1] else parts.netloc
    query = HIDDEN if parts.query else ""
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
