"""Starts and ends RTSP cameras, and makes what they play."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from ray_app.outside.free_port import free_port

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parent / "rtsp_server.py"


def missing():
    """Returns why there can be no cameras here; None when there can."""
    if shutil.which(SYSTEM_PYTHON) is None:
        return f"{SYSTEM_PYTHON} is not there"
    asked = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); "
        "from gi.repository import GstRtspServer"
    )
    done = subprocess.run([SYSTEM_PYTHON, "-c", asked], capture_output=True, check=False)
    return None if done.returncode == 0 else "gir1.2-gst-rtsp-server-1.0 is not installed"


def needs_cameras():
    reason = missing()
    if reason is not None:
        pytest.skip(reason)


def walking_square(path, seconds=8, rate_hz=10, size=(128, 96)):
    """Writes raw H.264 for the server: the square of the back-fill's tests, on its way and back."""
    width, height = size

    def shown(number):
        pixels = np.zeros((height, width, 3), np.uint8)
        part = 2 * number / (seconds * rate_hz)
        left = round((width - 16) * min(part, 2 - part))
        pixels[40:56, left : left + 16] = 255
        return pixels

    return filmed(path, shown, seconds * rate_hz, rate_hz, size)


def filmed(path, shown, pictures, rate_hz, size, coding=None):
    """Writes raw H.264 and beside it the size of each picture, a key picture every second."""
    sizes = []
    with path.open("wb") as file, av.open(str(path) + ".mp4", "w") as unused:
        options = {"g": str(rate_hz), "bf": "0", "tune": "zerolatency", "preset": "veryfast"}
        stream = unused.add_stream("libx264", rate_hz, options=options | (coding or {"crf": "16"}))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.flags &= ~av.codec.context.Flags.global_header
        for number in [*range(pictures), None]:
            frame = None
            if number is not None:
                frame = av.VideoFrame.from_ndarray(shown(number), "rgb24")
            for packet in stream.encode(frame):
                file.write(bytes(packet))
                sizes.append(packet.size)
    Path(f"{path}.sizes").write_text(" ".join(map(str, sizes)))
    return path


class Cameras:
    """A server with some cameras; asks for a password and speaks TLS when told so."""

    def __init__(
        self,
        film,
        rate_hz=10,
        cameras=1,
        credentials=None,
        port=None,
        *,
        digest=False,
        certificate=None,
    ):
        self.port = port or free_port()
        self._scheme = "rtsps" if certificate else "rtsp"
        self._words = [str(self.port), str(film), str(rate_hz), str(cameras)]
        self._words += ["--user", credentials] if credentials else []
        self._words += ["--digest"] if digest else []
        self._words += ["--tls", str(certificate)] if certificate else []
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SERVER), *self._words], stdout=subprocess.PIPE, stderr=sys.stderr
        )
        assert self._process.stdout.readline() == b"ready\n"

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def hang(self):
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def address(self, number=0, user=""):
        return f"{self._scheme}://{user}127.0.0.1:{self.port}/cam{number}"
