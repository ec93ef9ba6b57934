"""The live page in a real browser."""

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from console_demo import drawn_view
from console_fakes import camera, situation
from console_site import Console, make_console, served, wait_until

from ray_app.config.api_settings import ApiSettings
from ray_app.console.caller import Role
from ray_app.domain.situation import EvidenceFile, Verdict
from ray_app.video.live.status import StreamState

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="no browser: apt-get install chromium chromium-driver",
    ),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
webdriver = pytest.importorskip("selenium.webdriver")
ARGUMENTS = (
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-dev-shm-usage",
    "window-size=1400,1000",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*ARGUMENTS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(DRIVER))
    try:
        yield browser
    finally:
        browser.quit()


class Page:
    """The page, as a person finds things on it."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser = browser
        browser.get(address)
        browser.execute_script("window.sameDocument = true")

    def text(self, selector: str) -> str:
        script = (
            "const e = document.querySelector(arguments[0]);"
            "return e?.checkVisibility() ? e.innerText : ''"
        )
        return str(self.browser.execute_script(script, selector))

    def texts(self, selector: str) -> list[str]:
        script = (
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter((e) => e.checkVisibility()).map((e) => e.innerText)"
        )
        return [str(text) for text in self.browser.execute_script(script, selector)]

    def click(self, selector: str) -> None:
        self.browser.find_element("css selector", selector).click()

    def type(self, selector: str, text: str) -> None:
        self.browser.find_element("css selector", selector).send_keys(text)

    def shows(self, selector: str, text: str) -> None:
        wait_until(lambda: text in self.text(selector))

    def classes(self, selector: str) -> set[str]:
        script = "return document.querySelector(arguments[0])?.className ?? ''"
        return set(self.browser.execute_script(script, selector).split())

    @property
    def was_not_loaded_again(self) -> bool:
        return bool(self.browser.execute_script("return window.sameDocument === true"))

    def errors(self) -> list[str]:
        log = self.browser.get_log("browser")
        return [line["message"] for line in log if line["level"] == "SEVERE"]


@contextlib.contextmanager
def telling(console: Console) -> Iterator[None]:
    """Lets the cameras of a console report as they do live."""
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(0.2):
            for name, report in list(console.fleet.reports.items()):
                console.fleet.reports[name] = replace(report, told_at=time.time())

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    console = make_console(tmp_path)
    console.fleet.previews = {name: drawn_view(1, 0) for name in console.fleet.reports}
    with telling(console):
        yield console


@pytest.fixture
def page(browser: webdriver.Chrome, console: Console) -> Iterator[Page]:
    with served(console.app) as address:
        page = Page(browser, address)
        page.shows("#nothing", "Nothing to look at in the pictures of 2 of 2 cameras")
        page.shows("#link", "live")
        yield page
        assert page.was_not_loaded_again
        assert page.errors() == []
        asked = browser.execute_script(
            "return performance.getEntriesByType('resource').map((e) => e.name)"
        )
        assert asked
        assert all(url.startswith((address, "blob:")) for url in asked), asked
        browser.get("about:blank")


def test_a_situation_appears_by_itself_and_a_button_reaches_the_desk(
    page: Page, console: Console
) -> None:
    (console.evidence / "s.jpg").write_bytes(drawn_view(2, 0))
    told = situation("gate", place="gate_queue", evidence=(EvidenceFile("s.jpg", "still", "a"),))
    console.desk.tell(told)
    page.shows(".card h3", "Crowd density")
    card = page.text(".card")
    for words in ("gate queue", "4.6 ± 0.3 people/m²", "alarm from 4", "On for 1 min", "too few"):
        assert words in card
    assert page.text("#told").startswith("New, high: Crowd density")
    wait_until(
        lambda: page.browser.execute_script(
            "return document.querySelector('.still img')?.naturalWidth === 480"
        )
    )
    page.click("[data-verdict=confirmed]")
    wait_until(lambda: console.desk.kept[told.event_id].acknowledgements != ())
    said = console.desk.kept[told.event_id].acknowledgements[0]
    assert (said.verdict, said.person) == (Verdict.CONFIRMED, "local")
    page.shows(".card .said", "Confirmed by local")


def test_a_dismissal_by_keyboard_needs_a_reason(page: Page, console: Console) -> None:
    told = situation()
    console.desk.tell(told)
    page.shows(".card h3", "Crowd density")
    page.type("body", "j")
    page.type("body", "d")
    page.type(".card input", "\n")
    assert console.desk.kept[told.event_id].acknowledgements == ()
    page.type(".card input", "a parade, as planned\n")
    page.shows(".card .said", "Dismissed by local")
    assert console.desk.kept[told.event_id].acknowledgements[0].reason == "a parade, as planned"


def test_one_card_a_situation_the_most_pressing_first_and_none_hidden_unseen(
    page: Page, console: Console
) -> None:
    density = situation(place="a", lasted_s=50)
    for told in (
        density,
        situation(place="b", lasted_s=400),
        situation(kind="camera_health", place="blurred", unit="s of fault", open_at=1.0),
        situation(kind="fire_smoke", place="view", unit="certainty", level=0.6, open_at=0.5),
    ):
        console.desk.tell(told)
    order = ["Fire or smoke", "Crowd density", "Crowd density", "Camera fails"]

    def titles() -> list[str]:
        return [title.splitlines()[0].split("  ")[0] for title in page.texts("#cards h3")]

    wait_until(lambda: len(titles()) == 4)
    assert [t.startswith(o) for t, o in zip(titles(), order, strict=True)] == [True] * 4
    assert "b ·" in titles()[1].replace("\n", " ")
    page.shows("#tile-open dd", "4 1 urgent")
    over = situation(place="a", phase=type(density.phase).CLOSED, lasted_s=80)
    console.desk.tell(over)
    page.shows("#cards .over", "Over after 1 min 20 s")  # nobody looked at it: it stays
    assert len(titles()) == 4
    assert "over" in page.classes("#cards li:last-child")


def test_an_old_a_frozen_and_a_resting_picture_do_not_look_live(
    page: Page, console: Console
) -> None:
    wait_until(lambda: "not-now" not in page.classes("[data-camera=gate]"))
    wait_until(
        lambda: page.browser.execute_script(
            "return document.querySelector('[data-camera=gate] img')?.naturalWidth === 480"
        )
    )
    console.fleet.reports["gate"] = camera(
        "gate", state=StreamState.STALLED, frame_age_s=9.0, rate_hz=0.0
    )
    page.shows("[data-camera=gate] .veil", "No pictures come")
    assert "last picture" in page.text("[data-camera=gate] .veil")
    filters = "return getComputedStyle(document.querySelector('[data-camera=gate] img')).filter"
    assert "grayscale(1)" in page.browser.execute_script(filters)
    page.shows("#tile-cameras dd", "1 of 2")
    frozen = situation("stage", "camera_health", "frozen", unit="s of fault", open_at=10.0)
    console.desk.tell(frozen)
    page.shows("[data-camera=stage] .veil", "Picture frozen")
    console.fleet.reports["gate"] = camera("gate", state=None, idle_reason="paused")
    page.shows("[data-camera=gate] .veil", "Resting")


def test_a_camera_is_paused_only_when_asked_twice(page: Page, console: Console) -> None:
    wait_until(lambda: page.classes("[data-camera=gate]") != set())
    page.click("[data-camera=gate] button")
    page.shows("dialog[open] dl", "rtsp://10.0.0.8/gate")
    page.click("dialog > button")
    assert console.fleet.reports["gate"].idle_reason is None
    page.shows("dialog > button", "Yes, stop looking")
    page.click("dialog > button")
    page.shows("dialog > button", "Resume")
    assert console.fleet.reports["gate"].idle_reason == "paused"
    assert ("change", "local", "camera gate paused") in console.desk.journal
    page.click("dialog .top button")


def test_a_moment_is_told_only_when_asked_twice_and_can_be_taken_back(
    page: Page, console: Console
) -> None:
    page.shows("#moments", "kick off")
    page.click("#moments button")
    page.shows("#moments button", "Yes, kick off is now")
    assert console.fleet.told == {}
    page.click("#moments button")
    page.shows("#moments", "really")
    assert abs(console.fleet.told["kick_off"] - time.time()) < 60
    page.shows("#moments button", "As planned again")
    page.click("#moments button")
    page.shows("#moments button", "It is now")
    assert console.fleet.told == {}


def test_a_lost_link_is_told_and_comes_back_by_itself(
    browser: webdriver.Chrome, console: Console
) -> None:
    with served(console.app) as address:
        page = Page(browser, address)
        page.shows("#link", "live")
        wait_until(lambda: "not-now" not in page.classes("[data-camera=gate]"))
    page.shows("#lost-banner", "What you see is old")
    page.shows("#nothing", "the link is lost")
    wait_until(lambda: "not-now" in page.classes("[data-camera=gate]"))
    console.desk.tell(situation(place="meanwhile"))
    port = int(address.rpartition(":")[2])
    with served(console.app, socket.create_server(("127.0.0.1", port))):
        page.shows("#link", "live")
        page.shows(".card h3", "meanwhile")
        assert page.text("#lost-banner") == ""
        assert page.was_not_loaded_again
        browser.get("about:blank")


def test_a_person_signs_in_and_a_viewer_may_only_look(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    settings = ApiSettings(keys_file="keys.yaml")
    console = make_console(tmp_path, settings, with_keys=True)
    console.desk.tell(situation())
    with telling(console), served(console.app) as address:
        page = Page(browser, address)
        page.shows("#sign-in", "API key")
        assert page.text("#site-view") == ""
        page.type("#key", "wrong\n")
        page.shows("#sign-in-fault", "unknown, revoked or expired key")
        browser.find_element("css selector", "#key").clear()
        page.type("#key", console.keys[Role.VIEWER] + "\n")
        page.shows("#person", "Desk viewer, viewer")
        page.shows(".card h3", "Crowd density")
        assert page.texts(".card button") == []
        page.click("#sign-out")
        page.shows("#sign-in", "API key")
        page.type("#key", console.keys[Role.OPERATOR] + "\n")
        page.shows(".card h3", "Crowd density")
        page.click("[data-verdict=doubt_lifted]")
        page.shows(".card .said", "Doubt lifted by Desk operator")
        assert "vigie_session" not in browser.execute_script("return document.cookie")
        browser.get("about:blank")
