"""Receivers in a site file: what cannot be is told on its line, secrets are never written out."""

from pathlib import Path

import pytest
from site_example import faults_of

SITE = """site: fair
cameras: [{id: gate, footage: [gate.mp4]}]
live:
  alerts:
    allowed_hosts: [desk.example, 10.0.0.0/8]
    webhooks:
      - {name: desk, url: "https://desk.example/x", secret: "${HOOK}"}
    mqtt:
      - {name: broker, host: 10.1.2.3, password: "${file:/run/x}", user: vigie}
  store:
    postgres: "${DATABASE}"
    retention: {evidence_days: 30}
"""


def test_receivers_are_understood(tmp_path: Path) -> None:
    assert faults_of(SITE, tmp_path) == ()


@pytest.mark.parametrize(
    ("wrong", "right", "line", "told"),
    [
        ("https://evil.example/x", "https://desk.example/x", 7, "'evil.example' is not allowed"),
        ("http://u:geheim@desk.example", "https://desk.example/x", 7, "holds a user or password"),
        ("geheim", "${HOOK}", 7, "written out"),
        ("192.168.0.1", "10.1.2.3", 9, "'192.168.0.1' is not allowed"),
        ("geheim", "${file:/run/x}", 9, "written out"),
        ("postgresql://u:geheim@db/x", "${DATABASE}", 11, "written out"),
        ("31", "30", 12, "out of range"),
    ],
)
def test_a_receiver_that_cannot_be_is_told_on_its_line(
    wrong: str, right: str, line: int, told: str, tmp_path: Path
) -> None:
    faults = faults_of(SITE.replace(right, wrong), tmp_path)
    assert [fault.line for fault in faults] == [line]
    assert told in faults[0].problem
    assert "geheim" not in str(faults[0])


def test_a_host_that_comes_with_its_secret_is_checked_when_it_is_known(tmp_path: Path) -> None:
    assert faults_of(SITE.replace("https://desk.example/x", "https://${HOST}/x"), tmp_path) == ()
