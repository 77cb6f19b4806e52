"""Every picture of every sampled proxy, and every edge of a clip, shows the right instant."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.clock_film import (
    Look,
    even_times,
    packets_in,
    shown,
    uneven_times,
    write_clock,
)
from workbench.media.asset import Asset, Proxy
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.media.video.proxy import cut_chunk, make_video_proxy

LENGTH_S = 13

FILMS = {
    "constant.mp4": (even_times(Fraction(25), LENGTH_S), Look()),
    "ntsc.mp4": (even_times(Fraction(30_000, 1001), LENGTH_S), Look(gop=30)),
    "half.mkv": (even_times(Fraction(25, 2), LENGTH_S), Look(gop=250, b_frames=3)),
    "uneven.mp4": (uneven_times(LENGTH_S), Look(gop=12)),
    "uneven.mkv": (uneven_times(LENGTH_S, seed=8), Look(gop=250)),
    "late.mkv": (even_times(Fraction(25), LENGTH_S), Look(start_s=3.3)),
    "late.ts": (even_times(Fraction(25), LENGTH_S), Look(start_s=2.0, gop=25)),
    "left.mp4": (even_times(Fraction(24), LENGTH_S), Look(rotation_deg=90)),
    "over.mp4": (even_times(Fraction(24), LENGTH_S), Look(rotation_deg=180, gop=24)),
    "intra.mov": (even_times(Fraction(10), LENGTH_S), Look(codec="mjpeg")),
}

SPANS = [TimeSpan(0, 7), TimeSpan(5, 12.4), TimeSpan(7, LENGTH_S)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A film of `FILMS`, made once."""
    folder = tmp_path_factory.mktemp("clocks")

    def find(name: str) -> Path:
        path = folder / name
        return path if path.exists() else write_clock(path, *FILMS[name])

    return find


def expect_the_clock(
    path: Path, times_s: list[Fraction], *, step_s: Fraction, error_s: float, start_s: int = 0
) -> None:
    """Picture k shows what its source shows at k steps, or by `error_s` later at most."""
    pictures = shown(path)
    assert packets_in(path) == len(pictures)
    for number, (stamp_s, time_ms) in enumerate(pictures):
        assert stamp_s == pytest.approx(float(number * step_s), abs=0.001)
        moment_s = start_s + number * step_s
        last = max([time_s for time_s in times_s if time_s <= moment_s] or times_s[:1])
        late_ms = time_ms - round(last * 1000)
        if late_ms:
            assert 0 < time_ms - float(moment_s) * 1000 <= error_s * 1000 + 1, (number, time_ms)


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("spec", ["nova", "nova-2fps"])
def test_every_picture_shows_its_second_and_so_do_the_clips(
    film: Callable[[str], Path], tmp_path: Path, name: str, spec: str
) -> None:
    asset = probe(film(name))
    per_s = 2 if spec == "nova-2fps" else 1
    step_s = Fraction(1, per_s)
    ready: dict[TimeSpan, Path] = {}
    proxy = make_video_proxy(
        asset, spec, tmp_path, clips=SPANS, on_clip=lambda span, path: ready.update({span: path})
    )
    times_s = FILMS[name][0]
    frame_s = float(1 / asset.frame_rate) if asset.frame_rate else 0
    assert proxy.largest_error_s <= min(frame_s, 0.1)
    expect_the_clock(proxy.path, times_s, step_s=step_s, error_s=proxy.largest_error_s)
    assert proxy.frames == len(shown(proxy.path)) == -(-asset.duration_s * per_s // 1)
    assert sorted(ready) == sorted(SPANS)
    for span, path in ready.items():
        assert cut_chunk(proxy, span, tmp_path / "chunks") == path
        start_s, end_s = int(span.start_s), -int(-span.end_s // 1)
        assert len(shown(path)) == min(end_s * per_s, proxy.frames) - start_s * per_s
        expect_the_clock(
            path, times_s, step_s=step_s, error_s=proxy.largest_error_s, start_s=start_s
        )


@pytest.mark.parametrize("name", ["ntsc.mp4", "uneven.mkv", "left.mp4"])
def test_with_everything_decoded_the_pictures_are_the_same(
    film: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    asset = probe(film(name))
    proxy = make_video_proxy(asset, "nova", tmp_path, may_read_key_frames=False, clips=SPANS)
    assert (proxy.sampling, proxy.largest_error_s) == ("one a second", 0.0)
    times_s = FILMS[name][0]
    expect_the_clock(proxy.path, times_s, step_s=Fraction(1), error_s=0.0)
    for span in SPANS:
        path = cut_chunk(proxy, span, tmp_path / "chunks")
        expect_the_clock(path, times_s, step_s=Fraction(1), error_s=0.0, start_s=int(span.start_s))


def test_what_lies_before_the_first_frame_of_an_edit_list_is_not_shown(
    film: Callable[[str], Path], tmp_path: Path
) -> None:
    whole, cut = film("constant.mp4"), tmp_path / "cut.mp4"
    # A copy cannot begin between key frames: the first 1.28 s are there, and hidden.
    run_ffmpeg(["-ss", "3.28", "-i", whole, "-c", "copy", cut])
    proxy = make_video_proxy(probe(cut), "nova", tmp_path / "out")
    for stamp_s, time_ms in shown(proxy.path):
        assert abs(time_ms - (stamp_s + 3.28) * 1000) <= 40
    assert packets_in(cut) > len(shown(cut))


def test_the_record_says_when_only_key_frames_were_read(
    film: Callable[[str], Path], tmp_path: Path
) -> None:
    def sampling(name: str) -> Proxy:
        return make_video_proxy(probe(film(name)), "nova", tmp_path)

    assert sampling("over.mp4").sampling == "key frames, one a second"
    assert sampling("intra.mov").sampling == "key frames, one a second"
    near = sampling("ntsc.mp4")
    # A key frame every 1.001 s is the very next picture after each whole second.
    assert near.sampling == "key frames, one a second"
    assert 0.001 < near.largest_error_s < 0.0334
    assert sampling("constant.mp4").sampling == "one a second"


LONG_S = 1026


@pytest.fixture(scope="module", params=[2, 60], ids=["dense", "sparse"])
def long_film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Asset:
    """Seventeen minutes, two small frames a second, with many key frames or few."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    look = Look(gop=request.param, size_px=(96, 64), b_frames=0)
    return probe(write_clock(path, even_times(Fraction(2), LONG_S), look))


def test_an_overview_holds_the_pictures_a_model_looks_at_and_says_when_they_are(
    long_film: Asset, tmp_path: Path
) -> None:
    proxy = make_video_proxy(long_film, "nova-overview", tmp_path)
    pictures = shown(proxy.path)
    step_s = 1.069  # 1026 s by 960 pictures, rounded up to a millisecond
    assert 950 < proxy.frames == len(pictures) == packets_in(proxy.path) <= 960
    assert pictures[0] == (0.0, 0)
    for number, (stamp_s, time_ms) in enumerate(pictures):
        assert number * step_s - step_s < stamp_s <= number * step_s + 0.001
        # The stamp is honest: the source shows this picture then.
        assert time_ms <= stamp_s * 1000 + 1 < time_ms + 502
    assert proxy.size_bytes < 18_000_000
    is_dense = proxy.sampling == f"key frames, {proxy.frames} moments"
    assert is_dense or proxy.sampling == f"{proxy.frames} moments"
    assert is_dense == all(time_ms % 1000 == 0 for _, time_ms in pictures)


def test_a_clip_of_sixteen_minutes_begins_and_ends_where_it_should(
    long_film: Asset, tmp_path: Path
) -> None:
    span = TimeSpan(60, 1020)
    proxy = make_video_proxy(long_film, "nova", tmp_path, clips=[span])
    pictures = shown(cut_chunk(proxy, span, tmp_path / "chunks"))
    assert pictures == [(pytest.approx(k), (60 + k) * 1000) for k in range(960)]
