"""Odd and broken files: both readers show the right picture at each instant, or say what is lost.

Every picture carries its own number, so a wrong picture cannot hide.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ray_app.domain.errors import FootageError
from ray_app.video.archive import probe
from ray_app.video.decord_guard import index_for_decord
from ray_app.video.pictures import joined
from ray_app.video.sampling import ClipReader
from ray_app.video.timeline import lay_out
from tests.contract import footage
from tests.contract.footage import RATE_HZ, Recipe, make, read_number

READERS = ["pyav", "decord"]
SAMPLED_HZ = 5.0
UNEVEN_S = tuple(np.cumsum([0.0, *([0.04, 0.08, 0.033, 0.12] * 25)])[:100].round(3).tolist())
# Two pictures before each key are decoded after it and need the group before.
OPEN_GOP = {
    "preset": "veryfast",
    "x264-params": "keyint=24:min-keyint=2:scenecut=0:bframes=2:b-adapt=0:b-pyramid=0:open-gop=1",
}
H265 = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=25:bframes=2"}

INTACT = [
    Recipe("plain.mp4"),
    Recipe("plain.mkv"),
    Recipe("plain.mov"),
    Recipe("late.ts", container_options={"muxdelay": "0.7"}),
    Recipe("uneven.mp4", times_s=UNEVEN_S),
    Recipe("uneven.mkv", times_s=UNEVEN_S),
    Recipe("open.mp4", options=OPEN_GOP),
    Recipe("turned90.mp4", turn_deg=90),
    Recipe("turned180.mp4", turn_deg=180),
    Recipe("turned270.mov", turn_deg=270),
    Recipe("divx.avi", codec="mpeg4", options={"g": "25"}),
    Recipe("motion.avi", codec="mjpeg", options={}, pixel_format="yuvj420p"),
    Recipe("motion.mov", codec="mjpeg", options={}, pixel_format="yuvj420p"),
    Recipe("open-mpeg4.mp4", codec="mpeg4", options={"g": "25", "bf": "2"}),
    Recipe("h265.mp4", codec="libx265", options=H265),
    Recipe("h265.mkv", codec="libx265", options=H265),
    Recipe("h265.ts", codec="libx265", options=H265),
    Recipe("deep.mp4", codec="libx265", options=H265, pixel_format="yuv420p10le"),
    Recipe("mpeg4.mkv", codec="mpeg4", options={"g": "25"}),
    Recipe("pieces.mp4", container_options={"movflags": "frag_keyframe+empty_moov"}),
    Recipe("bframes.avi"),
    Recipe("raw.h264"),
    Recipe("raw.hevc", codec="libx265", options=H265),
]
BY_DECORD = {
    *("plain.mp4", "plain.mkv", "plain.mov", "uneven.mp4", "uneven.mkv", "motion.mov"),
    *("turned90.mp4", "turned180.mp4", "turned270.mov", "h265.mp4"),
    *("h265.mkv", "deep.mp4", "mpeg4.mkv"),
}


def clip_of(path):
    (clip,) = lay_out("camera", [probe(str(path))]).clips
    return clip


def read(path, reader, first=0, end=10**6, width_px=None):
    """The frames' (index, number shown), and the losses."""
    taken = ClipReader(clip_of(path), first, end, SAMPLED_HZ, width_px, reader)
    shown = [(frame.key.index, read_number(frame.pixels)) for frame in taken.frames()]
    return shown, taken.losses


def expected(recipe):
    """By the one rule: at k / 5 s the last picture at or before it."""
    times_s = recipe.times_s or [n / recipe.rate_hz for n in range(recipe.pictures)]
    count = int(np.ceil((times_s[-1] + 1 / RATE_HZ) * SAMPLED_HZ - 1e-6))
    due = (np.arange(count) / SAMPLED_HZ) + 0.001
    return list(enumerate((np.searchsorted(times_s, due, side="right") - 1).tolist()))


@pytest.mark.parametrize("recipe", INTACT, ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("reader", READERS)
def test_every_instant_shows_its_own_picture(tmp_path, recipe, reader):
    shown, losses = read(make(tmp_path, recipe), reader)
    assert shown[: len(expected(recipe))] == expected(recipe)
    assert len(shown) <= len(expected(recipe)) + 1
    assert losses == ()


@pytest.mark.parametrize("recipe", INTACT, ids=lambda recipe: recipe.name)
def test_decord_is_used_where_it_is_right_and_only_there(tmp_path, recipe):
    index = index_for_decord(str(make(tmp_path, recipe)), None)
    assert isinstance(index, str) == (recipe.name not in BY_DECORD), index


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["plain.mp4", "late.ts", "open.mp4", "uneven.mkv", "divx.avi"])
def test_segments_together_are_the_whole(tmp_path, reader, name):
    (recipe,) = [each for each in INTACT if each.name == name]
    path = make(tmp_path, recipe)
    whole, _ = read(path, reader)
    for length in (1, 3, 7):
        parts = [read(path, reader, k, k + length) for k in range(0, len(whole), length)]
        assert [frame for shown, _ in parts for frame in shown] == whole
        assert [losses for _, losses in parts if losses] == []


@pytest.mark.parametrize("reader", READERS)
def test_pixels_are_the_same_bits_wherever_reading_began(tmp_path, reader):
    clip = clip_of(make(tmp_path, Recipe("plain.mp4")))
    whole = {f.key.index: f.pixels for f in ClipReader(clip, 0, 99, 5.0, 160, reader).frames()}
    for start in (3, 8, 13):
        for frame in ClipReader(clip, start, start + 4, 5.0, 160, reader).frames():
            assert np.array_equal(frame.pixels, whole[frame.key.index])


def test_both_readers_agree_on_pixels(tmp_path):
    clip = clip_of(make(tmp_path, Recipe("plain.mp4")))
    frames = [list(ClipReader(clip, 0, 99, 5.0, None, reader).frames()) for reader in READERS]
    for one, other in zip(*frames, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("reader", READERS)
def test_a_trimmed_file_begins_where_its_edit_list_says(tmp_path, reader):
    path = footage.remuxed(
        make(tmp_path, Recipe("long.mp4")), tmp_path / "trimmed.mp4", shift_s=-1.4, drop_before_s=1
    )
    shown, losses = read(path, reader)
    assert losses == ()
    assert [number for _, number in shown] == [35 + 5 * k for k in range(len(shown))]
    assert len(shown) == 13


BROKEN = {
    "zeroed": lambda whole, to: footage.overwritten(whole, to, 0.5, 3000, footage.zeros),
    "noisy": lambda whole, to: footage.overwritten(whole, to, 0.5, 3000, footage.noise),
    "cut": lambda whole, to: footage.truncated(whole, to, 0.6),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["plain.mkv", "late.ts", "divx.avi", "fast.mp4"])
def test_damage_costs_its_own_stretch_and_no_picture_is_wrong(tmp_path, reader, name, how):
    recipe = Recipe(name, container_options={"movflags": "faststart"} if "mp4" in name else {})
    recipe = next((each for each in INTACT if each.name == name), recipe)
    whole = make(tmp_path, recipe)
    path = BROKEN[how](whole, tmp_path / f"broken-{name}")
    shown, losses = read(path, reader)
    truth = dict(expected(recipe))
    assert [(k, n) for k, n in shown if truth.get(k) != n] == []
    lost = sum(min(loss.end_s, 4.0) - loss.start_s for loss in losses)
    assert len(shown) >= 5
    if how != "cut":
        assert losses
        assert lost <= 2.2
        assert shown[-1][0] == 19


@pytest.mark.parametrize("how", ["zeroed", "noisy"])
@pytest.mark.parametrize("reader", READERS)
def test_losses_are_the_same_in_segments(tmp_path, reader, how):
    path = BROKEN[how](make(tmp_path, Recipe("plain.mkv")), tmp_path / "broken.mkv")
    whole, losses = read(path, reader)
    parts = [read(path, reader, k, k + 4) for k in range(0, 20, 4)]
    assert [frame for shown, _ in parts for frame in shown] == whole
    together = joined(loss for _, lost in parts for loss in lost)
    assert [(each.start_s, each.end_s, each.cause) for each in together] == [
        (pytest.approx(each.start_s), pytest.approx(each.end_s), each.cause) for each in losses
    ]


@pytest.mark.parametrize("count", [40, 500, 3000])
@pytest.mark.parametrize("name", ["plain.mkv", "plain.mov", "motion.mov"])
def test_decord_shows_what_pyav_shows_of_damage_it_paints_over(tmp_path, name, count):
    recipe = next(each for each in INTACT if each.name == name)
    whole = make(tmp_path, recipe)
    for share in (0.3, 0.5, 0.7):
        path = footage.overwritten(whole, tmp_path / f"noise-{name}", share, count, footage.noise)
        assert read(path, "decord") == read(path, "pyav")


def test_a_transport_stream_cut_before_its_first_key_has_lost_its_beginning(tmp_path):
    whole = make(tmp_path, Recipe("plain.ts")).read_bytes()
    path = tmp_path / "late.ts"
    path.write_bytes(whole[len(whole) // 10 // 188 * 188 :])
    shown, losses = read(path, "pyav")
    assert losses[0].start_s == 0.0
    assert losses[0].cause == "begins without a key picture"
    assert shown[-1][1] - shown[0][1] == 5 * (len(shown) - 1) >= 70
    assert shown[0][0] == int(np.ceil(losses[0].end_s * SAMPLED_HZ - 1e-6))


def pixels_of(path):
    taken = ClipReader(clip_of(path), 0, 999, float(RATE_HZ), None)
    return {frame.key.index: frame.pixels for frame in taken.frames()}, taken.losses


def test_hashes_that_an_h265_encoder_wrote_are_checked(tmp_path):
    params = H265["x265-params"] + ":hash=1"
    recipe = Recipe("hash.mp4", codec="libx265", options={**H265, "x265-params": params})
    whole = make(tmp_path, recipe)
    truth, _ = pixels_of(whole)
    for share in (0.4, 0.5, 0.6, 0.7):
        path = footage.overwritten(whole, tmp_path / "noise.mp4", share, 40, footage.noise)
        shown, losses = pixels_of(path)
        assert losses
        assert all(np.array_equal(pixels, truth[k]) for k, pixels in shown.items())


def test_pictures_made_from_a_damaged_one_are_lost_also_when_shown_before_it(tmp_path):
    whole = make(tmp_path, Recipe("plain.mov"))
    truth, _ = pixels_of(whole)
    path = footage.overwritten(whole, tmp_path / "noise.mov", 0.4, 40, footage.noise)
    shown, losses = pixels_of(path)
    assert losses
    assert all(np.array_equal(pixels, truth[k]) for k, pixels in shown.items())


def not_a_video(folder):
    path = folder / "notes.mp4"
    path.write_text("these are not pictures " * 50)
    return path


def empty(folder):
    path = folder / "empty.mp4"
    path.touch()
    return path


def headless(folder):
    """An mp4 cut before its index: nothing in it can be read."""
    return footage.truncated(make(folder, Recipe("plain.mp4")), folder / "headless.mp4", 0.5)


def sound(folder):
    return footage.audio_only(folder / "sound.mp4")


@pytest.mark.parametrize("build", [not_a_video, empty, headless, sound])
def test_what_is_no_video_is_refused_in_one_line(tmp_path, build):
    with pytest.raises(FootageError) as told:
        probe(str(build(tmp_path)))
    assert "\n" not in str(told.value)
    assert str(tmp_path) in str(told.value)


@pytest.mark.parametrize("reader", READERS)
def test_a_file_gone_since_it_was_listed_is_refused(tmp_path, reader):
    path = make(tmp_path, Recipe("plain.mp4", pictures=10))
    clip = clip_of(path)
    path.unlink()
    with pytest.raises(FootageError, match=r"plain\.mp4"):
        list(ClipReader(clip, 0, 99, 5.0, None, reader).frames())


@pytest.mark.parametrize("reader", READERS)
def test_hundreds_of_opens_leave_nothing_open(tmp_path, reader):
    path = make(tmp_path, Recipe("plain.mp4", pictures=10))
    clip, gone = clip_of(path), replace(clip_of(path), url=str(tmp_path / "gone.mp4"))

    def open_often(times):
        for _ in range(times):
            assert len(list(ClipReader(clip, 0, 2, 5.0, 160, reader).frames())) == 2
            with pytest.raises(FootageError):
                list(ClipReader(gone, 0, 2, 5.0, 160, reader).frames())
        return len(list(Path("/proc/self/fd").iterdir())), resident_mb()

    before_files, before_mb = open_often(30)
    after_files, after_mb = open_often(300)
    assert after_files <= before_files + 1
    assert after_mb - before_mb < 15


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
