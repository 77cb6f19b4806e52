"""Copies of videos for models, players and listening."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.numbered_film import names_in, number_in, write_film
from workbench.errors import DiskFull, MediaDamaged, MediaUnsupported, RequestError
from workbench.media.asset import Asset
from workbench.media.chunks import plan_chunks
from workbench.media.containers import main_video, open_container, packets
from workbench.media.frames.moments import read_frames
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.media.video import proxy as video_proxy
from workbench.media.video.proxy import (
    cut_chunk,
    even_size,
    is_browser_playable,
    make_video_proxy,
)


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [number_in(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def packet_count(path: Path) -> int:
    with open_container(path) as container:
        return sum(1 for p in packets(container, main_video(container)) if p.size)


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_second_t_of_a_nova_proxy_shows_second_t_of_its_source(
    remuxed: Callable[[str], Path], tmp_path: Path, suffix: str
) -> None:
    proxy = make_video_proxy(probe(remuxed(suffix)), "nova", tmp_path)
    # One source frame at most is what concatenated or rounded stamps may cost.
    assert np.abs(np.subtract(numbers(proxy.path)[:62], [25 * s for s in range(62)])).max() <= 1
    assert proxy.duration_s == 63


def test_a_proxy_carries_the_name_the_id_and_the_spec(numbered_film: Path, tmp_path: Path) -> None:
    asset = probe(numbered_film)
    proxy = make_video_proxy(asset, "nova", tmp_path)
    assert proxy.path == tmp_path / f"numbered_{asset.id}_nova.mp4"
    assert (proxy.spec, proxy.asset_id, proxy.size_bytes) == (
        "nova",
        asset.id,
        proxy.path.stat().st_size,
    )
    assert (proxy.width_px, proxy.height_px) == (384, 216)
    again = make_video_proxy(asset, "nova", tmp_path)
    assert again.notes
    assert names_in(tmp_path) == [proxy.path.name]


def test_every_planned_chunk_is_cut_exactly_and_without_hidden_frames(
    numbered_film: Path, tmp_path: Path
) -> None:
    asset = probe(numbered_film)
    chunks = plan_chunks(asset.duration_s, chunk_s=15, context_s=3)
    proxy = make_video_proxy(
        asset, "nova", tmp_path, chunk_starts_s=[chunk.sent.start_s for chunk in chunks]
    )
    for chunk in chunks:
        piece = cut_chunk(proxy, chunk.sent, tmp_path / "pieces")
        seconds = range(int(chunk.sent.start_s), -int(-chunk.sent.end_s // 1))
        assert [round(n / 25) for n in numbers(piece)][: len(seconds) - 1] == list(seconds)[:-1]
        assert packet_count(piece) == len(numbers(piece))


def test_a_chunk_off_the_grid_is_still_exact(numbered_film: Path, tmp_path: Path) -> None:
    proxy = make_video_proxy(probe(numbered_film), "nova", tmp_path)
    piece = cut_chunk(proxy, TimeSpan(17, 23.4), tmp_path)
    assert [round(n / 25) for n in numbers(piece)] == [17, 18, 19, 20, 21, 22, 23]
    assert packet_count(piece) == 7


def test_a_chunk_of_everything_is_the_proxy_itself(numbered_film: Path, tmp_path: Path) -> None:
    proxy = make_video_proxy(probe(numbered_film), "nova", tmp_path)
    assert cut_chunk(proxy, TimeSpan(0, 62.4), tmp_path) == proxy.path


@pytest.mark.parametrize("span", [TimeSpan(3.5, 9), TimeSpan(5, 5), TimeSpan(70, 80)])
def test_a_span_that_cannot_be_cut_is_refused(
    numbered_film: Path, tmp_path: Path, span: TimeSpan
) -> None:
    proxy = make_video_proxy(probe(numbered_film), "nova", tmp_path)
    with pytest.raises(RequestError):
        cut_chunk(proxy, span, tmp_path)


def test_sixteen_minutes_of_the_worst_pictures_fit_into_a_request(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    path = tmp_path / "noise.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "30"}
        for index in range(90):
            pixels = noise.integers(0, 255, (360, 640, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    proxy = make_video_proxy(probe(path), "nova", tmp_path / "out")
    assert proxy.size_bytes / proxy.duration_s * 960 <= 18_000_000


def test_progress_counts_the_seconds_of_the_film(numbered_film: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    make_video_proxy(
        probe(numbered_film), "nova", tmp_path, progress=lambda *report: seen.append(report)
    )
    assert seen[-1] == (62, 62, "Making the nova proxy")


def test_a_proxy_that_fails_leaves_no_file(
    numbered_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = probe(numbered_film)

    def fails_half_way(args: list[object], **_options: object) -> None:
        Path(str(args[-1])).write_bytes(b"half")
        raise MediaDamaged("it ends early")

    monkeypatch.setattr(video_proxy, "run_ffmpeg", fails_half_way)
    with pytest.raises(MediaDamaged):
        make_video_proxy(asset, "preview", tmp_path / "out")
    assert names_in(tmp_path / "out") == []


def test_room_is_checked_before_a_proxy_is_begun(
    numbered_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = probe(numbered_film)

    def full(folder: Path, needed_bytes: int) -> None:
        raise DiskFull(f"{needed_bytes} bytes are too many")

    monkeypatch.setattr(video_proxy, "require_room", full)
    with pytest.raises(DiskFull):
        make_video_proxy(asset, "nova", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_portrait_film_keeps_its_shape() -> None:
    assert even_size(1080, 1920, short_side_px=720) == (720, 1280)
    assert even_size(1, 1, short_side_px=720) == (2, 2)


def test_a_silent_film_has_no_sound_proxy(numbered_film: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaUnsupported):
        make_video_proxy(probe(numbered_film), "audio", tmp_path)
    with pytest.raises(RequestError):
        make_video_proxy(probe(numbered_film), "cinema", tmp_path)


def test_a_film_is_playable_by_its_content(
    numbered_film: Path, remuxed: Callable[[str], Path], tmp_path: Path
) -> None:
    assert is_browser_playable(probe(numbered_film))
    for suffix in (".ts", ".mkv", ".avi"):
        assert not is_browser_playable(probe(remuxed(suffix)))
    preview = make_video_proxy(probe(remuxed(".ts")), "preview", tmp_path)
    assert is_browser_playable(probe(preview.path))
    assert numbers(preview.path)[50:60] == list(range(50, 60))


NOT_PLAYABLE = {
    "audio_only_ac3.mp4",
    "audio_only_alac.m4a",
    "av1.mkv",
    "delayed_start.mp4",
    "hevc_10bit.mp4",
    "interlaced_tff.mpg",
    "mpeg4_mp3.avi",
    "no_initial_keyframe.ts",
    "odd_321x181_444.mp4",
    "with_attachment.mkv",
    "yuv422p.mp4",
}


def readable(media_dir: Path) -> list[Asset]:
    refused = {"truncated_no_moov.mp4", "zero_bytes.mp4"}
    return [
        probe(path)
        for path in sorted((media_dir / "awkward_video").iterdir())
        if path.name not in refused
    ]


@pytest.mark.media
def test_every_awkward_film_plays_as_it_is_or_as_a_preview(media_dir: Path, tmp_path: Path) -> None:
    for asset in readable(media_dir):
        if asset.kind == "image":
            continue
        assert is_browser_playable(asset) == (asset.name not in NOT_PLAYABLE), asset.name
        preview = probe(make_video_proxy(asset, "preview", tmp_path).path)
        assert is_browser_playable(preview), asset.name
        assert preview.duration_s == pytest.approx(asset.duration_s, abs=0.15)
        assert preview.has_sound == asset.has_sound


@pytest.mark.media
def test_every_awkward_film_has_a_nova_proxy_on_its_own_clock(
    media_dir: Path, tmp_path: Path
) -> None:
    for asset in readable(media_dir):
        if asset.kind != "video":
            continue
        proxy = make_video_proxy(asset, "nova", tmp_path)
        assert 0 <= proxy.duration_s - asset.duration_s < 1.05 or proxy.duration_s == round(
            asset.duration_s
        ), asset.name
        assert proxy.width_px / proxy.height_px == pytest.approx(
            asset.width_px / asset.height_px, rel=0.01
        )
        seconds = [float(s) for s in range(int(asset.duration_s))] or [0.0]
        pairs = zip(
            read_frames(asset.path, seconds, max_side_px=64),
            read_frames(proxy.path, seconds, max_side_px=64),
            strict=True,
        )
        for (_, source), (second, ours) in pairs:
            error = np.abs(source.astype(int) - ours).mean()
            # Fields of interlaced pictures are of two moments; ours are of one.
            assert error < (15 if "interlaced" in asset.name else 7), (asset.name, second)


@pytest.mark.media
def test_sound_keeps_the_clock_of_its_film(media_dir: Path, tmp_path: Path) -> None:
    for asset in readable(media_dir):
        if not asset.has_sound:
            continue
        sound = probe(make_video_proxy(asset, "audio", tmp_path).path)
        (stream,) = sound.streams
        assert (stream.codec, stream.channels, stream.sample_rate_hz) == ("pcm_s16le", 1, 16000)
        assert sound.duration_s == pytest.approx(asset.duration_s, abs=0.15), asset.name


def test_sound_that_begins_late_is_late_in_the_proxy(tmp_path: Path, numbered_film: Path) -> None:
    late = tmp_path / "late.mkv"
    video_proxy.run_ffmpeg(
        [
            *("-i", numbered_film, "-itsoffset", "3", "-f", "lavfi", "-i", "sine=duration=5"),
            *("-t", "8", "-c:v", "copy", "-c:a", "pcm_s16le", late),
        ]
    )
    sound = make_video_proxy(probe(late), "audio", tmp_path / "out")
    with av.open(str(sound.path)) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    loud = np.flatnonzero(np.abs(samples) > 500)
    assert loud[0] / 16000 == pytest.approx(3.0, abs=0.05)


NAMES = ['it\'s "q".mp4', "two\nlines.mp4", "$(x) `y`;.mp4", "-i.mp4", "%03d.mp4", "泵房.mp4"]


@pytest.mark.parametrize("name", NAMES)
def test_a_film_gets_its_proxy_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = write_film(tmp_path / "short.mp4", frames=60).rename(tmp_path / name)
    proxy = make_video_proxy(probe(path), "nova", tmp_path / "out")
    assert [round(n / 25) for n in numbers(proxy.path)][:2] == [0, 1]
