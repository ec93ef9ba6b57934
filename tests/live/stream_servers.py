"""Who sends streams that are not RTSP: ffmpeg, and a web server of this machine."""

import contextlib
import functools
import http.server
import shutil
import subprocess
import threading

import pytest


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@contextlib.contextmanager
def sending(film, *where):
    """Plays a film in real time, over and over, to where ffmpeg's words say."""
    words = f"-v error -nostdin -re -stream_loop -1 -i {film} -c copy".split()
    process = subprocess.Popen(["ffmpeg", *words, *map(str, where)], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; whatever is in `moved` is elsewhere."""

    def __init__(self, *given, moved, asked, **more):
        self._moved, self._asked = moved, asked
        super().__init__(*given, **more)

    def do_GET(self):
        self._asked.append(self.path)
        if self.path in self._moved:
            self.send_response(302)
            self.send_header("Location", self._moved[self.path])
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


class WebServer:
    """Serves a folder over HTTP; `asked` are the paths asked for."""

    def __init__(self, folder, host="127.0.0.1"):
        self.asked, self.moved, self.host = [], {}, host
        handler = functools.partial(
            _Quiet, directory=str(folder), moved=self.moved, asked=self.asked
        )
        self._server = http.server.ThreadingHTTPServer((host, 0), handler)
        self.port = self._server.server_port

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def url(self, path, scheme="http"):
        return f"{scheme}://{self.host}:{self.port}/{path}"
