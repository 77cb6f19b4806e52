"""What is left undecoded makes no difference: not to a picture, and not to a time."""

from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import pytest

from tests.support.clock_film import Look, even_times, shown, write_clock
from workbench.media.asset import Asset, Proxy
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.packets import feed
from workbench.media.probe import probe
from workbench.media.video import recipe as video_recipe
from workbench.media.video import sampled
from workbench.media.video.proxy import make_video_proxy

X265 = ["-c:v", "libx265", "-preset", "superfast", "-x265-params"]
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-x264-params"]

FILMS = {
    "pyramid.mp4": [*X264, "keyint=60:bframes=5:b-pyramid=normal:ref=4:scenecut=0"],
    "open.mkv": [*X264, "keyint=30:bframes=3:open-gop=1:scenecut=0"],
    "refreshed.mp4": [*X264, "keyint=40:intra-refresh=1:bframes=2"],
    "fields.mp4": [*X264, "keyint=30:interlaced=1:bframes=2"],
    "slices.mp4": [*X264, "keyint=30:slices=4:bframes=2"],
    "closed_hevc.mp4": [*X265, "keyint=40:open-gop=0:bframes=4:b-pyramid=1:log-level=error"],
    "open_hevc.mp4": [*X265, "keyint=40:open-gop=1:bframes=4:b-pyramid=1:log-level=error"],
    "open_hevc.mkv": [*X265, "keyint=33:min-keyint=33:open-gop=1:bframes=6:log-level=error"],
    "dense_hevc.mov": [*X265, "keyint=25:min-keyint=25:open-gop=1:bframes=3:log-level=error"],
    "deep_hevc.mp4": [*X265, "keyint=40:bframes=3:log-level=error", "-pix_fmt", "yuv420p10le"],
    "layers_hevc.mp4": [*X265, "keyint=40:temporal-layers=3:bframes=3:b-pyramid=1:log-level=error"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-cpu-used", "5", "-g", "40", "-b:v", "300k"],
    "av1.mp4": ["-c:v", "libsvtav1", "-preset", "12", "-g", "40", "-svtav1-params", "lookahead=20"],
    "aom.mkv": ["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "40", "-usage", "realtime"],
}
"""Name → how it is encoded. Their packets are chosen among."""

OTHERS = {
    "asp.mp4": ["-c:v", "mpeg4", "-bf", "2", "-g", "30"],
    "asp.avi": ["-c:v", "mpeg4", "-bf", "2", "-g", "30", "-flags", "+mv4+qpel"],
    "dnxhd.mxf": ["-c:v", "dnxhd", "-profile:v", "dnxhr_lb"],
    "dnxhr.mov": ["-c:v", "dnxhd", "-profile:v", "dnxhr_lb"],
    "prores.mov": ["-c:v", "prores_ks", "-profile:v", "proxy"],
    "vp8.webm": ["-c:v", "libvpx", "-cpu-used", "8", "-g", "40"],
}
"""These are decoded as a whole."""

EXACT = [*("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-bf", "0", "-threads", "1")]
"""An encoder that changes nothing: the usual one looks ahead, beyond the last picture as well."""

REAL = (
    *("awkward_video/av1.mkv", "awkward_video/bbb_vp9_10s.webm", "awkward_video/edit_list.mp4"),
    *("awkward_video/hevc_10bit.mp4", "awkward_video/rotate90.mp4"),
    *("awkward_video/vfr_dropped.mp4", "awkward_video/yuv422p.mp4"),
)


def encoded(path: Path, codec: list[str]) -> Asset:
    """Eight seconds that differ from picture to picture, in every part of it."""
    moving = "testsrc2=s=256x144:r=25:d=8,noise=alls=12:allf=t:all_seed=3,format=yuv420p"
    run_ffmpeg(["-f", "lavfi", "-i", moving, *codec, path])
    return probe(path)


def pictures(proxy: Proxy) -> list[tuple[float, str]]:
    """When each picture of a proxy is shown, and what it is."""
    with av.open(str(proxy.path)) as container:
        return [
            (float(frame.pts * frame.time_base), sha256(frame.to_ndarray().tobytes()).hexdigest())
            for frame in container.decode(video=0)
        ]


def expect_the_same(asset: Asset, folder: Path, spec: str) -> None:
    """Decoding all of a film gives the encoder no other pictures."""
    chosen = make_video_proxy(asset, spec, folder / "chosen")
    whole = make_video_proxy(asset, spec, folder / "whole", may_read_key_frames=False)
    assert chosen.largest_error_s == whole.largest_error_s == 0
    assert pictures(chosen) == pictures(whole)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each pass over a film: were its packets chosen among? Nothing is lost in encoding."""
    monkeypatch.setattr(video_recipe, "codec_args", lambda *_, **__: EXACT)
    taken: list[bool] = []
    written = sampled._written

    def watched(wanted: sampled.Sampling, target: Path, upright: str | None) -> sampled.Sampled:
        taken.append(upright is not None)
        return written(wanted, target, upright)

    monkeypatch.setattr(sampled, "_written", watched)
    return taken


@pytest.mark.parametrize("name", [*FILMS, *OTHERS])
def test_the_pictures_are_those_of_decoding_everything(
    tmp_path: Path, ways: list[bool], name: str
) -> None:
    asset = encoded(tmp_path / name, {**FILMS, **OTHERS}[name])
    expect_the_same(asset, tmp_path, "nova-2fps")
    assert ways == [name in FILMS, False]


@pytest.mark.parametrize("keys", [12, 25, 31, 40])
@pytest.mark.parametrize("between", [1, 3, 6])
def test_a_film_of_open_groups_is_not_held_as_a_whole(
    tmp_path: Path, ways: list[bool], monkeypatch: pytest.MonkeyPatch, keys: int, between: int
) -> None:
    monkeypatch.setattr(feed, "MOST_PACKETS", 60)
    options = f"keyint={keys}:min-keyint={keys}:bframes={between}:b-adapt=0:scenecut=0:open-gop=1"
    asset = encoded(tmp_path / "open.mp4", [*X265, f"{options}:log-level=error"])
    for spec in ("nova", "nova-2fps"):
        expect_the_same(asset, tmp_path, spec)
    assert ways == [True, False] * 2


def test_a_film_that_was_cut_before_an_open_group_has_the_pictures_of_decoding_everything(
    tmp_path: Path, ways: list[bool]
) -> None:
    options = "keyint=40:min-keyint=40:bframes=4:scenecut=0:open-gop=1:log-level=error"
    whole = encoded(tmp_path / "whole.mp4", [*X265, options])
    for name in ("cut.mkv", "cut.mp4"):
        run_ffmpeg(["-ss", "3.2", "-i", whole.path, "-c", "copy", tmp_path / name])
        expect_the_same(probe(tmp_path / name), tmp_path / name[-3:], "nova-2fps")


@pytest.mark.media
@pytest.mark.parametrize("name", REAL)
def test_the_pictures_of_real_films_are_those_of_decoding_everything(
    media_dir: Path, tmp_path: Path, ways: list[bool], name: str
) -> None:
    expect_the_same(probe(media_dir / name), tmp_path, "nova")
    assert ways == [True, False]


OPEN = "keyint=8:min-keyint=8:open-gop=1:bframes=3:b-adapt=0:scenecut=0:log-level=error"


@pytest.mark.parametrize("is_open", [False, True])
def test_a_moment_just_before_a_key_frame_is_not_that_key_frame(
    tmp_path: Path, ways: list[bool], is_open: bool
) -> None:
    # It is decoded three pictures before it is shown, and by that a container finds it.
    look = Look(gop=8, b_frames=3, size_px=(96, 64))
    film = write_clock(tmp_path / "film.mp4", even_times(Fraction(2), 1026), look)
    if is_open:
        closed, film = film, tmp_path / "open.mp4"
        run_ffmpeg(["-i", closed, "-fps_mode", "passthrough", *X265, OPEN, film])
    proxy = make_video_proxy(probe(film), "nova-overview", tmp_path / "out")
    assert ways == [True]
    for number, (stamp_s, time_ms) in enumerate(shown(proxy.path)):
        assert stamp_s <= number * 1.069 + 0.001
        assert time_ms <= stamp_s * 1000 + 1 < time_ms + 502


def key_frames(proxy: Proxy) -> list[float]:
    with av.open(str(proxy.path)) as container:
        return [
            float(packet.pts * packet.time_base)
            for packet in container.demux(video=0)
            if packet.is_keyframe and packet.pts is not None
        ]


def test_only_what_begins_a_chunk_is_a_key_frame(numbered_film: Path, tmp_path: Path) -> None:
    asset = probe(numbered_film)
    for may in (True, False):
        proxy = make_video_proxy(
            *(asset, "nova", tmp_path / str(may)), chunk_starts_s=(0, 17), may_read_key_frames=may
        )
        assert key_frames(proxy) == [0, 10, 17, 27, 37, 47, 57]
