"""Cameras whose every picture is known: MPEG-TS over HTTP, sent as fast as it was taken."""

import contextlib
import io
import socket
import threading
import time
from dataclasses import dataclass

import av
import numpy as np


@dataclass(frozen=True)
class Film:
    """Pictures as they are sent: when each is due, and its bytes."""

    times_s: tuple[float, ...]
    pieces: tuple[bytes, ...]


def filmed(seconds, rate_hz, size=(128, 96)):
    """Makes a film of a grey that changes, with a key picture every second."""
    file, ends, times = io.BytesIO(), [], []
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=rate_hz)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"g": str(rate_hz), "bf": "0", "tune": "zerolatency", "crf": "30"}
        for number in [*range(seconds * rate_hz), None]:
            grey = None
            if number is not None:
                pixels = np.full((size[1], size[0], 3), 60 + number % 100, np.uint8)
                grey = av.VideoFrame.from_ndarray(pixels, "rgb24")
            for packet in stream.encode(grey):
                times.append(float(packet.pts * packet.time_base))
                container.mux(packet)
                ends.append(file.tell())
    whole = file.getvalue()
    ends[-1] = len(whole)
    pieces = [whole[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return Film(tuple(t - times[0] for t in times), tuple(pieces))


class PacedCameras:
    """Sends a film once to as many cameras as there are; nobody is served after that."""

    def __init__(self, film, cameras):
        self._film, self._cameras = film, cameras
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.sent = 0

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def address(self, number=0):
        return f"http://127.0.0.1:{self.port}/cam{number}.ts"

    def _serve(self):
        with contextlib.suppress(OSError):
            for _ in range(self._cameras):
                connection, _ = self._socket.accept()
                threading.Thread(target=self._send, args=(connection,), daemon=True).start()
        self._socket.close()  # who asks again is refused

    def _send(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
            began = time.monotonic()
            for due_s, piece in zip(self._film.times_s, self._film.pieces, strict=True):
                time.sleep(max(0.0, began + due_s - time.monotonic()))
                connection.sendall(piece)
            self.sent += 1
