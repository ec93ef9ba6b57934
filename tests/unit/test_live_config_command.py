"""`vigie live --print-config`, as an operator uses it for a cluster."""

import shutil
from pathlib import Path

import pytest
import yaml

from ray_app.commands.live_config import print_config
from ray_app.domain.errors import ConfigError

CLUSTER = Path(__file__).parents[2] / "cluster"
SITE = CLUSTER / "site.yaml"


def test_it_names_the_place_on_the_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_config(SITE, "/etc/vigie/site.yaml", None) == 0
    config = yaml.safe_load(capsys.readouterr().out)
    assert {app["args"]["site"] for app in config["applications"]} == {"/etc/vigie/site.yaml"}
    assert [app["name"] for app in config["applications"]] == ["detectors", "site", "console"]


def test_a_manifest_keeps_all_but_its_config(tmp_path: Path) -> None:
    site, manifest = tmp_path / "site.yaml", tmp_path / "rayservice.yaml"
    shutil.copy(CLUSTER / "rayservice.yaml", manifest)
    before = manifest.read_text("utf-8")
    print_config(SITE, "/etc/vigie/site.yaml", manifest)
    assert manifest.read_text("utf-8") == before

    site.write_text(SITE.read_text("utf-8").replace("max_replicas: 16", "max_replicas: 12"))
    print_config(site, "/etc/vigie/site.yaml", manifest)
    after = manifest.read_text("utf-8")
    assert after == before.replace("max_replicas: 16", "max_replicas: 12")


def test_what_is_no_rayservice_is_told_and_left(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no line '  serveConfigV2"):
        print_config(SITE, None, CLUSTER / "rayjob.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        print_config(SITE, None, tmp_path / "absent.yaml")
