"""Without a site file every video, however it was named, is a camera of its own."""

import pytest

from ray_app.batch.site_job import site_text_without_file, sources_of
from ray_app.commands.site_text import load_site_text
from ray_app.video.footage_listing import list_footage, whole_address

NAMES = (
    ("/archive/evening/clip.mp4",),
    ("clip.mp4",),
    ("../shared/clip.mp4",),
    ("/archive/a[1]/what*.mp4", "/archive/b/what*.mp4"),
    ("s3://bucket/evening/clip.mp4",),
)


@pytest.mark.parametrize("urls", NAMES)
def test_every_file_named_is_taken(urls: tuple[str, ...]) -> None:
    site = load_site_text(site_text_without_file(urls), "no site file")
    footage = sources_of(site, urls)
    assert [source.urls for source in footage.sources] == [(url,) for url in urls]
    assert footage.remarks == ()


def test_files_of_one_name_in_two_folders_stay_apart_when_named_from_where_one_stands(
    tmp_path, monkeypatch
) -> None:
    for folder in (tmp_path, tmp_path / "day1"):
        folder.mkdir(exist_ok=True)
        (folder / "cam.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    urls = tuple(map(whole_address, list_footage(["."])))
    footage = sources_of(load_site_text(site_text_without_file(urls), "no site file"), urls)
    assert [len(source.urls) for source in footage.sources] == [1, 1]
    assert footage.remarks == ()
