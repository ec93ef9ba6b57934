"""What a site file says of watching live is checked before anything is opened."""

import pytest
from site_example import GOOD, faults_of

from ray_app.config.camera_block import read_camera
from ray_app.config.load import load_site
from ray_app.config.summary import summarise, summary_lines
from ray_app.domain.errors import ConfigError

READERS, SIZE = "readers: {cameras_each: 8}", "{share: 0.94, cost: 0.6}"
ADDRESS = "rtsp://viewer:${YARD_PASSWORD}@10.0.0.7/main"


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (ADDRESS, "rtsp://viewer:hidden1@10.0.0.7/main", "written out"),
        (ADDRESS, "rtsp://192.168.1.1/main", "host '192.168.1.1' is not allowed"),
        (ADDRESS, "file:///etc/passwd", "scheme 'file' is not allowed"),
        ("floor_hz: 1", "floor_hz: 9", "above the analysed rate (5)"),
        ("value: critical", "value: vital", "unknown value 'vital'"),
        ("floor_hz: 1", "every_frame: true", "only a file waits"),
        ("policy: offered_load", "policy: event_plan", "needs a plan"),
        ("max_replicas: 3", "max_replicas: 0", "out of range"),
        ("schemes: [rtsp]", "schemes: [gopher]", "unknown value 'gopher'"),
        (READERS, f"{READERS}\n  smaller_inputs: [{{share: 0.9, cost: 0.9}}]", "saves less than"),
        (
            READERS,
            f"{READERS}\n  smaller_inputs: [{SIZE}, {{share: 0.93, cost: 0.5}}]",
            "0.93 leaves camera yard at 384 px",
        ),
    ],
)
def test_faults_are_told_at_their_place_and_show_no_secret(was, now, told, tmp_path):
    assert was in GOOD
    faults = faults_of(GOOD.replace(was, now), tmp_path)
    assert any(told in fault.problem for fault in faults), faults
    assert "hidden1" not in str(faults)


def test_a_host_by_reference_is_checked_when_it_is_known(tmp_path):
    assert faults_of(GOOD.replace(ADDRESS, "rtsp://${YARD_HOST}/main"), tmp_path) == ()


def test_check_says_which_cameras_are_read_live(tmp_path):
    (tmp_path / "site.yaml").write_text(GOOD)
    lines = summary_lines(summarise(load_site(tmp_path / "site.yaml")))
    live = [line.strip() for line in lines if line.strip().startswith("live:")]
    assert live[0] == "live: not read, it has no `stream`"
    assert live[1].startswith("live: rtsp://***@10.0.0.7/main, critical")


def test_check_says_at_which_sizes_a_camera_is_looked_at_when_capacity_is_short(tmp_path):
    sizes = "  smaller_inputs: [{share: 0.62, cost: 0.6}, {share: 0.54, cost: 0.5}]\n"
    (tmp_path / "site.yaml").write_text(GOOD.replace("authorisation:", f"{sizes}authorisation:"))
    lines = summary_lines(summarise(load_site(tmp_path / "site.yaml")))
    assert any(line.endswith("capacity is short, then at 256 px, 224 px") for line in lines)


def test_a_camera_block_joins_a_running_site(tmp_path):
    (tmp_path / "site.yaml").write_text(GOOD)
    site = load_site(tmp_path / "site.yaml")
    block = "id: mast\nfootage: [mast.mp4]\nstream: {address: rtsp://10.0.0.9/x}\n"
    assert read_camera(block, site).id == "mast"
    for fault, told in [
        (block.replace("10.0.0.9", "11.0.0.9"), "not allowed"),
        (block.replace("footage", "fotage"), "did you mean 'footage'"),
        (block.replace("stream: {address: rtsp://10.0.0.9/x}", ""), "no `stream`"),
        ("- just\n- a list", "expected the keys"),
        ("id: [", "not YAML"),
    ]:
        with pytest.raises(ConfigError, match=told):
            read_camera(fault, site)
