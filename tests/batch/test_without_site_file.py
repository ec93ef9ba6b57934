"""Without a site file every video, however it was named, is a camera of its own."""

import pytest

from ray_app.batch.site_job import site_text_without_file, sources_of
from ray_app.commands.site_text import load_site_text

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
