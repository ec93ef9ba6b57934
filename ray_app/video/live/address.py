"""Addresses of live streams. They are written by people and are hostile input until checked."""

import fnmatch
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ray_app.domain.errors import ConfigError
from ray_app.domain.ranges import one_of, refuse_faults
from ray_app.domain.settings import settings

HIDDEN = "***"
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
_REFERENCE = re.compile(r"\$\{(?P<name>[^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@'\"]*@")
_QUERY = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s?'\"]*)\?[^\s'\"]*")


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

    @property
    def scheme(self) -> str:
        """Its scheme, lower case."""
        return self._whole.partition(":")[0].lower()

    def reveal(self) -> str:
        """Returns the address with its secrets, for the library that opens it and nobody else."""
        return self._whole


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
    whole = _REFERENCE.sub(lambda found: _secret(found["name"], shown, environment), text)
    scheme = _check_whole(whole, shown, allowed)
    return StreamAddress(_without_credentials(whole), SCHEMES[scheme], whole)


def check_address(text: str, allowed: AllowedStreams) -> None:
    """Checks an address as far as can be without its secrets; raises as `read_address`."""
    shown = redacted(text)
    blank = _REFERENCE.sub("x", text)
    if _REFERENCE.search(text.partition("://")[2].rpartition("@")[2].partition("/")[0]):
        allowed = replace(allowed, hosts=("*",))  # known once the reference is put in
    scheme = _check_whole(blank, shown, allowed)
    if scheme != "file" and urlsplit(blank).password is not None and not _is_by_reference(text):
        raise ConfigError(
            f"{shown}: a password is written out; put it in the environment and write "
            "${NAME} instead, or ${file:/path}"
        )


def redacted(text: str) -> str:
    """Returns any text with credentials and queries of addresses in it blotted out.

    FFmpeg's exceptions carry the whole address; nothing of theirs may be shown without this.
    """
    text = _CREDENTIALS.sub(lambda found: f"{found['scheme']}{HIDDEN}@", text)
    return _QUERY.sub(lambda found: f"{found['before']}?{HIDDEN}", text)


def _is_by_reference(text: str) -> bool:
    """Returns whether the password is nothing but a reference."""
    user_info = text.partition("://")[2].rpartition("@")[0]
    password = user_info.partition(":")[2]
    return _REFERENCE.fullmatch(password) is not None


def _secret(name: str, shown: str, environment: Mapping[str, str]) -> str:
    if name.startswith("file:"):
        try:
            lines = Path(name.removeprefix("file:")).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigError(f"{shown}: ${{{name}}} cannot be read: {reason}") from None
        return lines[0] if lines else ""
    if _NAME.fullmatch(name) is None:
        raise ConfigError(f"{shown}: ${{{name}}} is no name of an environment variable")
    if name not in environment:
        raise ConfigError(f"{shown}: ${{{name}}} is not set in the environment")
    return environment[name]


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
        _check_host(parts.hostname or "", allowed.hosts, shown)
    return scheme


def _check_host(host: str, allowed: tuple[str, ...], shown: str) -> None:
    if not host:
        raise ConfigError(f"{shown}: names no host")
    if not any(_matches(host, pattern) for pattern in allowed):
        raise ConfigError(f"{shown}: host {host!r} is not allowed; allowed: {', '.join(allowed)}")


def _matches(host: str, pattern: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return fnmatch.fnmatchcase(host.lower(), pattern.lower())
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False


def _without_credentials(whole: str) -> str:
    parts = urlsplit(whole)
    place = parts.netloc.rpartition("@")
    netloc = f"{HIDDEN}@{place[2]}" if place[1] else parts.netloc
    query = HIDDEN if parts.query else ""
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
