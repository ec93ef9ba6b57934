"""Which files a folder holds, and whose camera each is."""

import pytest

from ray_app.domain.errors import FootageError
from ray_app.video.footage_listing import list_footage, match_cameras


@pytest.fixture
def folder(tmp_path):
    for name in ("gate/b.mp4", "gate/A.MKV", "yard/deep/c.ts", "yard/notes.txt", ".hidden/d.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "gate/.e.mp4").touch()
    return tmp_path


def below(folder, urls):
    return [url.removeprefix(f"{folder}/") for url in urls]


def test_a_folder_is_searched_to_the_bottom_for_known_endings(folder):
    assert below(folder, list_footage([str(folder)])) == [
        "gate/A.MKV",
        "gate/b.mp4",
        "yard/deep/c.ts",
    ]


def test_a_file_named_outright_is_taken_whatever_its_ending_and_once(folder):
    named = [str(folder / "yard/notes.txt"), f"file://{folder}/gate", str(folder / "gate/b.mp4")]
    assert below(folder, list_footage(named)) == ["gate/A.MKV", "gate/b.mp4", "yard/notes.txt"]


def test_what_is_not_there_is_told(folder):
    with pytest.raises(FootageError, match="gone: no such file or folder"):
        list_footage([str(folder / "gone")])
    (folder / "empty").mkdir()
    with pytest.raises(FootageError, match=r"no video files in .*empty"):
        list_footage([str(folder / "empty")])


@pytest.mark.parametrize("nobody", ["smoke://archive/day1", "://x"])
def test_an_address_nobody_serves_is_told_in_one_line(nobody):
    with pytest.raises(FootageError) as told:
        list_footage([nobody])
    assert "\n" not in str(told.value)


def test_patterns_match_names_or_as_many_parts_as_they_have():
    urls = ("/a/gate/1.mp4", "/a/yard/1.mp4", "/a/yard/2.mp4")
    found = match_cameras(urls, {"gate": ["gate/*.mp4"], "two": ["2.*"], "none": ["x*"]})
    assert found.urls_of == (("gate", urls[:1]), ("two", urls[2:]), ("none", ()))
    assert found.unclaimed == (urls[1],)


def test_a_file_two_cameras_claim_goes_to_neither():
    found = match_cameras(("/a/gate.mp4",), {"one": ["gate*"], "two": ["*.mp4"]})
    assert found.urls_of == (("one", ()), ("two", ()))
    assert found.contested == (("/a/gate.mp4", ("one", "two")),)


def test_query_and_credentials_of_an_address_are_no_part_of_its_name():
    url = "s3://key:secret@bucket/day1/gate.mp4?endpoint_override=127.0.0.1%3A9000&scheme=http"
    found = match_cameras((url,), {"gate": ["bucket/day1/gate.mp4"]})
    assert found.urls_of == (("gate", (url,)),)
