"""A stream of this machine and everything it brought."""

from live_site import until

from ray_app.outside.retry import RetrySettings
from ray_app.video.live.address import AllowedStreams, read_address
from ray_app.video.live.stream import LiveStream
from ray_app.video.live.stream_settings import StreamSettings

ALLOWED = AllowedStreams(hosts=("127.0.0.1",))
SOON = StreamSettings(open_s=4.0, read_s=1.5, stalled_s=0.8)
QUICK = RetrySettings(first_s=0.1, most_s=0.5, refused_s=60.0, healthy_s=2.0)


class Watched:
    """Reads a stream while it is open, and keeps every picture."""

    def __init__(self, address, environment=None, settings=SOON, allowed=ALLOWED):
        self.pictures = []
        self.stream = LiveStream(
            "cam",
            read_address(address, allowed, environment or {}),
            None,
            settings,
            QUICK,
            on_picture=self.pictures.append,
        )

    def __enter__(self):
        self.stream.start()
        return self

    def __exit__(self, *_):
        assert self.stream.stop(wait_s=6.0)

    @property
    def status(self):
        return self.stream.status

    def is_in(self, *states):
        """Waits until the stream is in one of these states."""
        until(lambda: self.status.state in states, lambda: self.status)

    def sees_more(self, pictures=10):
        before = len(self.pictures)
        until(lambda: len(self.pictures) >= before + pictures, lambda: self.status)
