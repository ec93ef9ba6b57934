"""Cameras on this machine: gst-rtsp-server plays a file in a loop. Run by the system's Python.

Usage: /usr/bin/python3 rtsp_server.py PORT FILE.h264 RATE_HZ CAMERAS [--user USER:PASSWORD]
[--digest] [--tls CERTIFICATE_AND_KEY.pem]
"""

import argparse
import sys
from itertools import accumulate, count
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


class Played(GstRtspServer.RTSPMediaFactory):
    """One camera; everybody who looks sees the same. Pictures are cut as FILE.sizes says."""

    def __init__(self, place, rate_hz):
        super().__init__()
        content = Path(place).read_bytes()
        ends = list(accumulate(map(int, Path(f"{place}.sizes").read_text().split())))
        self._pictures = [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        self._lasts = Gst.SECOND // rate_hz
        self.set_shared(True)

    def do_create_element(self, url):
        del url
        return Gst.parse_launch(
            "( appsrc name=source is-live=true format=time block=false max-buffers=4 "
            "caps=video/x-h264,stream-format=byte-stream,alignment=au "
            "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
        )

    def do_configure(self, media):
        numbers = count()
        media.get_element().get_by_name_recurse_up("source").connect(
            "need-data", lambda source, _: source.emit("push-buffer", self._buffer(next(numbers)))
        )

    def _buffer(self, number):
        buffer = Gst.Buffer.new_wrapped(self._pictures[number % len(self._pictures)])
        buffer.pts = buffer.dts = number * self._lasts
        buffer.duration = self._lasts
        return buffer


def guard(factory, asked):
    """Returns who lets in only who gives user and password, over TLS, as asked."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if asked.tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(asked.tls))
    if asked.user is None:
        auth.set_default_token(token)
    elif asked.digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(*asked.user.split(":"), token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*asked.user.split(":")), token)
    factory.add_role_from_structure(
        Gst.Structure.from_string(
            "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
        )[0]
    )
    return auth


def what_is_asked():
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("film")
    parser.add_argument("rate_hz", type=int)
    parser.add_argument("cameras", type=int)
    parser.add_argument("--user")
    parser.add_argument("--digest", action="store_true")
    parser.add_argument("--tls")
    return parser.parse_args()


def main():
    """Serves until it is ended."""
    asked = what_is_asked()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(asked.port)
    for number in range(asked.cameras):
        factory = Played(asked.film, asked.rate_hz)
        if asked.user or asked.tls:
            server.set_auth(guard(factory, asked))
        server.get_mount_points().add_factory(f"/cam{number}", factory)
    if server.attach(None) == 0:
        sys.exit(f"port {asked.port} is taken")
    print("ready", flush=True)  # noqa: T201
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
