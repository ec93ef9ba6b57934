"""The examples of docs/api.md run as they are printed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from console_fakes import situation
from console_site import Console, make_console, served

from ray_app.config.api_settings import ApiSettings
from ray_app.console.caller import Role
from ray_app.domain.situation import EvidenceFile

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def console(tmp_path: Path) -> Console:
    console = make_console(tmp_path, ApiSettings(keys_file="keys.yaml"), with_keys=True)
    (console.evidence / "still.jpg").write_bytes(b"still")
    still = EvidenceFile("still.jpg", "still", "ab" * 32)
    for _ in range(2):
        console.desk.tell(situation(place="queue", evidence=(still,)))
    console.fleet.previews["gate"] = b"picture"
    return console


def run(example: str, address: str, key: str, folder: Path) -> str:
    """Returns what an example prints; every command of it must succeed."""
    known = os.environ | {"VIGIE": address, "KEY": key}
    done = subprocess.run(
        ["bash", "-euc", example],
        cwd=folder,
        env=known,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.split("$VIGIE")[1][:40] for e in EXAMPLES])
def test_an_example_runs(example: str, console: Console, tmp_path: Path) -> None:
    with served(console.app) as address:
        told = run(example, address, console.keys[Role.ADMIN], tmp_path)
    if "events" in example:
        assert told.splitlines()[0] == "event: hello"
        assert re.findall(r"^id: (\d)", told, re.MULTILINE)[-1] == "2"
    if "acknowledgements" in example:
        (said,) = console.desk.kept["gate/crowd_density/queue/12.500"].acknowledgements
        assert (said.person, said.reason) == ("Desk admin", "a parade, as planned")
    if "still.jpg" in example:
        assert (tmp_path / "still.jpg").read_bytes() == b"still"
        assert b"picture" in (tmp_path / "preview.mjpeg").read_bytes()
    if "camera.yaml" in example:
        changes = [entry[2] for entry in console.desk.journal if entry[0] == "change"]
        assert changes == [
            f"camera {what}"
            for what in ("gate paused", "gate resumed", "bridge added", "bridge removed")
        ]


def test_an_example_with_a_wrong_key_fails(console: Console, tmp_path: Path) -> None:
    with served(console.app) as address, pytest.raises(AssertionError, match="401"):
        run(EXAMPLES[0], address, "vigie_wrong", tmp_path)
