"""Addresses of streams are hostile input, and their secrets are never shown."""

import pytest

from ray_app.domain.errors import ConfigError
from ray_app.outside.secrets import redacted
from ray_app.video.live.address import AllowedStreams, read_address

ALL = AllowedStreams()
SECRETS = {"CAM": "geheim", "USER_PASS": "ann:geheim"}


def test_a_secret_is_put_in_and_never_shown():
    address = read_address("rtsp://ann:${CAM}@10.1.2.3:554/main?token=geheim", ALL, SECRETS)
    assert address.reveal() == "rtsp://ann:geheim@10.1.2.3:554/main?token=geheim"
    assert "geheim" not in f"{address} {address!r} {address.shown}"
    assert address.shown == "rtsp://***@10.1.2.3:554/main?***"
    assert "file" not in address.protocols


def test_a_secret_may_lie_in_a_file(tmp_path):
    (tmp_path / "cam").write_text("geheim\nmore\n")
    address = read_address(f"rtsp://ann:${{file:{tmp_path}/cam}}@cam.example/x", ALL, {})
    assert address.reveal() == "rtsp://ann:geheim@cam.example/x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rtsp://ann:geheim@10.1.2.3/main", "written out"),
        ("rtsp://ann:${NONE}@10.1.2.3/main", "not set"),
        ("rtsp://ann:${file:/nowhere/geheim2}@10.1.2.3/", "No such file"),
        ("rtsp://ann:${a b}@10.1.2.3/", "no name"),
        ("concat:/etc/passwd|/etc/shadow", "not allowed"),
        ("file:///etc/passwd", "not allowed"),
        ("subfile,,start,1,end,2,,:/etc/passwd", "not allowed"),
        ("data:video/mp4;base64,AAAA", "not allowed"),
        ("rtsp:///main", "names no host"),
        ("rtsp://10.1.2.3:99999/", "not an address"),
        ("rtsp://10.1.2.3/a b", "blanks"),
        ("/home/footage.mp4", "not allowed"),
    ],
)
def test_what_is_refused_and_without_showing_a_secret(text, told):
    with pytest.raises(ConfigError, match=told) as caught:
        read_address(text, ALL, SECRETS)
    assert "geheim@" not in str(caught.value)


def test_a_secret_cannot_smuggle_in_another_host():
    """What is checked is what is opened: the check comes after the secret is put in."""
    only = AllowedStreams(hosts=("10.0.0.0/8",))
    with pytest.raises(ConfigError, match="not allowed"):
        read_address("rtsp://${HOST}/x", only, {"HOST": "evil.example"})
    with pytest.raises(ConfigError, match="not allowed"):
        read_address("rtsp://ann:${P}@10.0.0.1/x", only, {"P": "a@evil.example/x#"})


@pytest.mark.parametrize(
    ("host", "allowed", "passes"),
    [
        ("10.20.0.7", ("10.0.0.0/8",), True),
        ("11.0.0.7", ("10.0.0.0/8",), False),
        ("cam7.gates.example", ("*.gates.example",), True),
        ("gates.example.evil", ("*.gates.example",), False),
        ("cam7.gates.example", ("10.0.0.0/8",), False),
        ("[fd00::7]", ("fd00::/8",), True),
        ("169.254.169.254", ("10.0.0.0/8", "192.168.0.0/16"), False),
    ],
)
def test_hosts(host, allowed, passes):
    only = AllowedStreams(hosts=allowed)
    if passes:
        read_address(f"rtsp://{host}/x", only, {})
    else:
        with pytest.raises(ConfigError, match="host"):
            read_address(f"rtsp://{host}/x", only, {})


@pytest.mark.parametrize(
    "text",
    [
        "[Errno 1] 401 Unauthorized: 'rtsp://cam:geheim@127.0.0.1:8554/file'",
        "rtsps://u:geheim@h/x and rtmp://h/live?key=geheim",
        "https://h/a.m3u8?sig=geheim'",
    ],
)
def test_what_ffmpeg_says_is_redacted(text):
    assert "geheim" not in redacted(text)
    assert "://" in redacted(text)
