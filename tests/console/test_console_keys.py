"""Who is let in: keys, roles, sign-ins of the page, a machine of one's own."""

import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from console_fakes import situation
from console_site import MADE, Console, make_console
from starlette.testclient import TestClient

from ray_app.config.api_settings import ApiSettings, is_loopback
from ray_app.console.caller import Role
from ray_app.console.key_file import add_key, read_keys
from ray_app.console.keys import KeyRing, digest_of, new_key
from ray_app.console.limits import Attempts
from ray_app.console.sessions import Sessions
from ray_app.domain.errors import ConfigError

API = "/api/v1"
ROUTES = (
    (Role.VIEWER, "GET", "cameras", 200),
    (Role.VIEWER, "GET", "situations", 200),
    (Role.VIEWER, "GET", "fleet", 200),
    (Role.VIEWER, "GET", "metrics", 200),
    (Role.VIEWER, "GET", "cameras/gate/preview.jpg", 204),
    (Role.OPERATOR, "POST", "cameras/gate/pause", 200),
    (Role.OPERATOR, "POST", "situations/gate/crowd_density/q/12.500/acknowledgements", 200),
    (Role.VIEWER, "GET", "moments", 200),
    (Role.OPERATOR, "PUT", "moments/kick_off", 200),
    (Role.OPERATOR, "DELETE", "moments/kick_off", 204),
    (Role.ADMIN, "POST", "cameras", 201),
    (Role.ADMIN, "DELETE", "cameras/gate", 204),
)


@pytest.fixture
def console(tmp_path: Path) -> Console:
    console = make_console(tmp_path, ApiSettings(keys_file="keys.yaml"), with_keys=True)
    console.desk.tell(situation(place="q"))
    return console


@pytest.fixture
def api(console: Console) -> TestClient:
    return TestClient(console.app, base_url="http://vigie.example")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def body_for(path: str) -> dict[str, object]:
    if path.endswith("acknowledgements"):
        return {"json": {"verdict": "confirmed"}}
    if path.startswith("moments/"):
        return {"json": {}}
    return {"content": "id: new"} if path == "cameras" else {}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("needed", "method", "path", "status"), ROUTES)
def test_a_role_may_do_its_own_and_nothing_above(
    console: Console, api: TestClient, role: Role, needed: Role, method: str, path: str, status: int
) -> None:
    answer = api.request(
        method,
        f"{API}/{path}",
        headers=bearer(console.keys[role]),
        **body_for(path),  # type: ignore[arg-type]
    )
    assert answer.status_code == (status if role.allows(needed) else 403), answer.text


def test_every_route_but_health_the_page_and_signing_in_needs_a_key(
    api: TestClient, console: Console
) -> None:
    paths = api.get(f"{API}/openapi.json").json()["paths"]
    asked = [(m.upper(), p) for p, item in paths.items() for m in item]
    free = {
        ("POST", f"{API}/session"),
        ("GET", f"{API}/health/live"),
        ("GET", f"{API}/health/ready"),
    }
    assert free < set(asked)
    for method, path in {*asked, ("GET", "/metrics")} - free:
        answer = api.request(method, re.sub(r"\{[^}]+\}", "x", path))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert console.desk.journal == []


@pytest.mark.parametrize("secret", ["", "x", "vigie_00000000_x", "é", "a" * 5000])
def test_a_key_that_is_none_is_refused(api: TestClient, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}".encode()}
    assert api.get(f"{API}/cameras", headers=headers).status_code == 401  # type: ignore[arg-type]


def test_a_revoked_and_an_expired_key_are_refused_without_a_restart(
    api: TestClient, console: Console, tmp_path: Path
) -> None:
    secret, key = new_key("late", Role.VIEWER, MADE, datetime.now(UTC) + timedelta(days=1))
    add_key(tmp_path / "keys.yaml", key)
    assert api.get(f"{API}/cameras", headers=bearer(secret)).status_code == 200
    (tmp_path / "keys.yaml").unlink()
    over, expired = new_key("over", Role.VIEWER, MADE, MADE + timedelta(days=1))
    add_key(tmp_path / "keys.yaml", expired)
    for gone in (secret, over, console.keys[Role.ADMIN]):
        assert api.get(f"{API}/cameras", headers=bearer(gone)).status_code == 401


def test_nobody_comes_in_while_the_keys_are_damaged(
    api: TestClient, console: Console, tmp_path: Path
) -> None:
    (tmp_path / "keys.yaml").write_text("keys: [")
    answer = api.get(f"{API}/cameras", headers=bearer(console.keys[Role.ADMIN]))
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "the file of keys cannot be read; see the log",
    )


def sign_in(api: TestClient, secret: str) -> dict[str, str]:
    answer = api.post(f"{API}/session", json={"key": secret})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


def test_the_page_signs_in_with_a_cookie_that_scripts_and_other_sites_cannot_use(
    api: TestClient, console: Console
) -> None:
    answer = api.post(f"{API}/session", json={"key": console.keys[Role.OPERATOR]})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain http here
    assert console.keys[Role.OPERATOR] not in answer.headers["set-cookie"] + answer.text
    token = {"X-CSRF-Token": answer.json()["csrf_token"]}
    assert api.get(f"{API}/session").json()["csrf_token"] == token["X-CSRF-Token"]
    pause = f"{API}/cameras/gate/pause"
    assert api.post(pause).status_code == 403
    assert api.post(pause, headers={"X-CSRF-Token": "x"}).status_code == 403
    assert api.post(pause, headers=token).status_code == 200
    assert console.desk.journal == [
        ("key use", "Desk operator", "signed in, from testclient"),
        ("change", "Desk operator", "camera gate paused"),
    ]
    assert api.delete(f"{API}/session", headers=token).status_code == 204
    assert api.get(f"{API}/session").status_code == 401


def test_behind_https_the_cookie_stays_there(api: TestClient, console: Console) -> None:
    answer = api.post(
        f"{API}/session",
        json={"key": console.keys[Role.VIEWER]},
        headers={"X-Forwarded-Proto": "https"},
    )
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_site_can_change_nothing(
    api: TestClient, console: Console, headers: dict[str, str]
) -> None:
    token = sign_in(api, console.keys[Role.OPERATOR])
    assert api.post(f"{API}/cameras/gate/pause", headers=token | headers).status_code == 403
    again = api.post(f"{API}/session", json={"key": console.keys[Role.ADMIN]}, headers=headers)
    assert again.status_code == 403
    own = {"Origin": "http://vigie.example", "Sec-Fetch-Site": "same-origin"}
    assert api.post(f"{API}/cameras/gate/pause", headers=token | own).status_code == 200


def test_a_cookie_cannot_be_made_stretched_or_kept_after_its_key(
    api: TestClient, console: Console, tmp_path: Path
) -> None:
    sign_in(api, console.keys[Role.VIEWER])
    good = api.cookies["vigie_session"]
    prefix, end, nonce, signature = good.split(".")
    admin = read_keys(tmp_path / "keys.yaml").keys[-1].prefix
    forged = [
        f"{admin}.{end}.{nonce}.{signature}",
        f"{prefix}.{int(end) + 1}.{nonce}.{signature}",
        f"{prefix}.{end}.{nonce}.",
        "x",
        "....",
    ]
    api.cookies.clear()
    for cookie in forged:
        answer = api.get(f"{API}/cameras", headers={"Cookie": f"vigie_session={cookie}"})
        assert answer.status_code == 401, cookie
    kept = {"Cookie": f"vigie_session={good}"}
    assert api.get(f"{API}/cameras", headers=kept).status_code == 200
    (tmp_path / "keys.yaml").unlink()
    add_key(tmp_path / "keys.yaml", new_key("Desk viewer", Role.VIEWER, MADE)[1])
    assert api.get(f"{API}/cameras", headers=kept).status_code == 401


def test_a_sign_in_ends() -> None:
    _, key = new_key("a", Role.VIEWER, MADE)
    sessions = Sessions(b"x" * 32, 100.0)
    cookie = sessions.cookie_for(key, now_s=1000.0)
    assert sessions.is_valid(cookie, key, 1099.0)
    assert not sessions.is_valid(cookie, key, 1100.0)
    assert not Sessions(b"y" * 32, 100.0).is_valid(cookie, key, 1001.0)


def test_guessing_is_slowed_down_and_noted(api: TestClient, console: Console) -> None:
    tries = [api.post(f"{API}/session", json={"key": "guess"}) for _ in range(11)]
    assert [each.status_code for each in tries] == [401] * 10 + [429]
    assert 1 <= int(tries[-1].headers["retry-after"]) <= 61
    refused = ("key use", "unknown", "sign-in refused, from testclient")
    assert console.desk.journal == [refused] * 10
    assert api.get(f"{API}/cameras", headers=bearer(console.keys[Role.VIEWER])).status_code == 200


def test_attempts_are_forgotten_after_a_minute() -> None:
    attempts = Attempts(2)
    assert [attempts.wait_s("a", t) for t in (0.0, 1.0)] == [0.0, 0.0]
    assert attempts.wait_s("a", 2.0) == 58.0
    assert attempts.wait_s("b", 2.0) == 0.0
    assert attempts.wait_s("a", 60.0) == 0.0


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.8:8180", ""])
def test_without_keys_other_names_for_this_machine_are_refused(tmp_path: Path, host: str) -> None:
    api = TestClient(make_console(tmp_path).app, base_url="http://127.0.0.1")
    assert api.get(f"{API}/cameras", headers={"Host": host}).status_code == 403
    for good in ("localhost:8180", "127.0.0.1:8180", "[::1]:8180"):
        assert api.get(f"{API}/cameras", headers={"Host": good}).status_code == 200


def test_without_keys_a_proxy_does_not_open_the_site_to_others(tmp_path: Path) -> None:
    api = TestClient(make_console(tmp_path).app, base_url="http://127.0.0.1")
    answer = api.get(f"{API}/cameras", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code == 401
    assert "proxy" in answer.json()["detail"]


def test_no_key_reaches_a_log(
    api: TestClient, console: Console, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = console.keys[Role.ADMIN]
    sign_in(api, secret)
    api.get(f"{API}/cameras", headers=bearer(secret))
    api.post(f"{API}/session", json={"key": secret, "x": 1})
    (tmp_path / "keys.yaml").write_text("keys: [")
    api.get(f"{API}/cameras", headers=bearer(secret))
    assert "keys cannot be read" in caplog.text
    tail = secret.rpartition("_")[2]
    assert tail not in caplog.text
    assert tail not in repr(console.desk.journal)


def test_a_refused_sign_in_does_not_send_the_key_back(api: TestClient) -> None:
    answer = api.post(f"{API}/session", json={"key": "s3cret" * 60})
    assert answer.status_code == 422
    assert "s3cret" not in answer.text


def test_others_need_keys() -> None:
    with pytest.raises(ValueError, match=r"host: 0\.0\.0\.0 is reached from outside .* keys new"):
        ApiSettings(host="0.0.0.0")  # noqa: S104
    assert ApiSettings(host="0.0.0.0", keys_file="keys.yaml").keys_file  # noqa: S104
    assert [is_loopback(h) for h in ("localhost", "127.0.0.9", "::1", "10.0.0.1", "x")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ValueError, match="is no IP address"):
        ApiSettings(host="vigie.example", keys_file="k")


def test_only_a_hash_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret, key = new_key("Poste de garde n° 1", Role.ADMIN, MADE)
    path = tmp_path / "deep" / "keys.yaml"
    add_key(path, key)
    assert read_keys(path) == KeyRing((key,))
    text = path.read_text("utf-8")
    assert secret not in text
    assert digest_of(secret) in text
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="names two keys"):
        add_key(path, new_key("Poste de garde n° 1", Role.VIEWER, MADE)[1])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("keys: [", "is no YAML"),
        ("", "holds no key"),
        ("keys: {}", "holds no key"),
        ("keys: [1]", "key 1: is no block"),
        ("keys: [{nam: x}]", "unknown 'nam'"),
        ("keys: [{name: ' '}]", "name must be"),
        ("keys: [{name: x, role: boss}]", "unknown role 'boss'; known: viewer, operator, admin"),
        ("keys: [{name: x, role: admin, prefix: p, sha256: zz}]", "damaged"),
        (f"keys: [{{name: x, role: admin, prefix: p, sha256: {'a' * 64}}}]", "made_at is missing"),
        (
            f"keys: [{{name: x, role: admin, prefix: p, sha256: {'a' * 64}, made_at: today}}]",
            "made_at must be a time",
        ),
    ],
)
def test_a_damaged_file_of_keys_is_told_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "keys.yaml").write_text(text)
    with pytest.raises(ConfigError) as told:
        read_keys(tmp_path / "keys.yaml")
    assert line in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_file_of_keys_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="vigie keys new"):
        read_keys(tmp_path / "keys.yaml")
