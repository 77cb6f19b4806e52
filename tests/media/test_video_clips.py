"""Clips are written while the proxy is made, fit into a request, and are whole or not there."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.numbered_film import names_in
from workbench.errors import MediaDamaged, ToolError
from workbench.media import ffmpeg
from workbench.media.asset import Asset
from workbench.media.ffmpeg import piped_ffmpeg
from workbench.media.packets.feed import PictureFeed
from workbench.media.packets.roles import UnfitError
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.media.video import sampled
from workbench.media.video.proxy import cut_chunk, make_video_proxy

SPANS = [TimeSpan(0, 30), TimeSpan(20, 50), TimeSpan(40, 62.4)]


@pytest.fixture(scope="session")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Asset:
    """Forty seconds that cannot be made small."""
    random = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("noise") / "noise.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "30"}
        for number in range(40):
            pixels = random.integers(0, 255, (180, 320, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return probe(path)


def test_clips_come_in_order_before_the_proxy_is_there(numbered_film: Path, tmp_path: Path) -> None:
    seen: list[tuple[TimeSpan, bool]] = []
    proxy = make_video_proxy(
        probe(numbered_film),
        "nova",
        tmp_path,
        clips=SPANS,
        on_clip=lambda span, path: seen.append((span, path.stat().st_size > 0)),
    )
    assert seen == [(span, True) for span in SPANS]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "chunks").iterdir()}
    for span in SPANS:
        assert cut_chunk(proxy, span, tmp_path / "chunks") in before


@pytest.mark.parametrize("limit_bytes", [60_000, 150_000])
def test_a_clip_over_the_limit_is_encoded_again_and_never_sent_larger(
    noise: Asset, tmp_path: Path, limit_bytes: int
) -> None:
    spans = [TimeSpan(0, 20), TimeSpan(10, 40)]
    proxy = make_video_proxy(noise, "nova", tmp_path, clips=spans, limit_bytes=limit_bytes)
    # All of it would be sent as one file as well.
    assert proxy.size_bytes <= limit_bytes
    for span in spans:
        piece = cut_chunk(proxy, span, tmp_path / "chunks", limit_bytes=limit_bytes)
        assert piece.stat().st_size <= limit_bytes
        with av.open(str(piece)) as container:
            stamps = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
        assert stamps == list(range(int(span.duration_s)))


def test_a_clip_that_cannot_be_made_small_enough_is_refused(noise: Asset, tmp_path: Path) -> None:
    with pytest.raises(MediaDamaged, match="at the lowest rate"):
        make_video_proxy(noise, "nova", tmp_path, limit_bytes=400)
    assert names_in(tmp_path) == []


class StoppedError(Exception):
    """Somebody gave up."""


def test_who_gives_up_leaves_only_what_was_whole(numbered_film: Path, tmp_path: Path) -> None:
    def stop(span: TimeSpan, path: Path) -> None:
        raise StoppedError(path.name)

    asset = probe(numbered_film)
    with pytest.raises(StoppedError) as caught:
        make_video_proxy(asset, "nova", tmp_path, clips=SPANS, on_clip=stop)
    assert names_in(tmp_path) == ["chunks"]
    assert names_in(tmp_path / "chunks") == [str(caught.value)]


def test_a_source_whose_packets_turn_out_unfit_is_decoded_as_a_whole(
    numbered_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = probe(numbered_film)
    chosen = make_video_proxy(asset, "nova", tmp_path / "chosen", clips=SPANS)

    class Breaking(PictureFeed):
        def __call__(self, pipe: object) -> None:
            raise UnfitError

    monkeypatch.setattr(sampled, "PictureFeed", Breaking)
    whole = make_video_proxy(asset, "nova", tmp_path / "whole", clips=SPANS)
    assert (whole.frames, whole.duration_s) == (chosen.frames, chosen.duration_s)
    assert names_in(tmp_path / "whole" / "chunks") == names_in(tmp_path / "chosen" / "chunks")


def read_all(args: list[str]) -> bytes:
    data = b""
    with piped_ffmpeg(args, Path("film.mp4")) as output:
        while piece := output.read(100_000):
            data += piece
        if not data:
            raise ValueError("no stream in it")
    return data


def test_a_program_that_neither_reads_nor_writes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    never = ["-f", "lavfi", "-i", "color", "-vf", "select=0", "-f", "rawvideo", "pipe:1"]
    monkeypatch.setattr(ffmpeg, "STALLED_AFTER_S", 0.6)
    with pytest.raises(ToolError, match="no progress"):
        read_all(never)


def test_a_program_that_fails_says_why_whatever_its_reader_makes_of_it() -> None:
    with pytest.raises(ToolError, match="ffmpeg failed"):
        read_all(["-f", "lavfi", "-i", "nonsense", "-f", "nut", "pipe:1"])
