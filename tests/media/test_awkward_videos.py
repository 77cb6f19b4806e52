"""What comes of every awkward film and sound file: read, read with a warning, or refused.

One row a file; a file without a row fails.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.numbered_film import names_in
from workbench.errors import MediaDamaged, MediaEmpty, MediaError, MediaUnsupported, WorkbenchError
from workbench.media.probe import probe
from workbench.media.video.proxy import make_video_proxy

pytestmark = pytest.mark.media


class Read(NamedTuple):
    """A file that is read: its facts, and what its proxies give."""

    kind: str
    format: str
    size_px: tuple[int, int]
    duration_s: float
    nova: tuple[int, int, int] | str = "has no moving pictures"
    """Width, height and seconds of the proxy, or why there is none."""
    audio: float | str = "has no sound"
    """Seconds of the proxy, or why there is none."""
    warnings: tuple[str, ...] = ()
    """A word of each."""


class Refused(NamedTuple):
    """A file that is not read, and why."""

    error: type[MediaError]
    reason: str


CLOCK = "Its own clock begins at"

OUTCOMES: dict[str, Read | Refused] = {
    "alpha_vp9.webm": Read("video", "webm", (200, 200), 5.0, (200, 200, 5), 4.943),
    "animated.gif": Read("image", "gif", (314, 273), 0, warnings=("animation of 30",)),
    "attached_pic_png.mp4": Read("video", "mp4", (640, 360), 2.02, (640, 360, 2), 2.02),
    "audio_only.mp4": Read("audio", "mp4", (0, 0), 12.0, audio=12.0, warnings=("sound only",)),
    "audio_only_ac3.mp4": Read(
        "audio", "mp4", (0, 0), 2.016, audio=2.016, warnings=("sound only",)
    ),
    "audio_only_alac.m4a": Read("audio", "m4a", (0, 0), 6.625, audio=6.625),
    "av1.mkv": Read("video", "mkv", (640, 360), 5.0, (640, 360, 5)),
    "bbb_vp9_10s.webm": Read("video", "webm", (320, 180), 10.0, (320, 180, 10)),
    "bt709_full_range.mp4": Read("video", "mp4", (1280, 720), 1.0, (1280, 720, 1)),
    "delayed_start.mp4": Read(
        "video", "mp4", (480, 320), 0.96, (480, 320, 1), warnings=(f"{CLOCK} 1.07 s",)
    ),
    "edit_list.mp4": Read("video", "mp4", (854, 480), 9.0, (854, 480, 9), 9.0),
    # The last packets of its sound are cut, and decode to what they have.
    "failing_audio.mp4": Read("video", "mp4", (640, 360), 11.233, (640, 360, 12), 11.233),
    "faststart_ok.mp4": Read("video", "mp4", (426, 240), 12.0, (426, 240, 12), 12.0),
    "hevc_10bit.mp4": Read("video", "mp4", (200, 200), 1.0, (200, 200, 1)),
    "interlaced_tff.mpg": Read(
        "video", "mpeg", (512, 288), 6.011, (512, 288, 6), 6.008, (f"{CLOCK} 0.53 s",)
    ),
    "jpg_named.mp4": Read("image", "jpeg", (128, 128), 0, warnings=("named .mp4 but is a jpeg",)),
    "moov_at_end.mp4": Read("video", "mp4", (426, 240), 12.0, (426, 240, 12), 12.0),
    "mpeg4_mp3.avi": Read("video", "avi", (480, 270), 5.033, (480, 270, 6), 5.016),
    "no_audio.mp4": Read("video", "mp4", (426, 240), 12.0, (426, 240, 12)),
    # Its first key frame comes 64 pictures late; until there it shows that one.
    "no_initial_keyframe.ts": Read(
        *("video", "mpegts", (626, 352), 2.649, (626, 352, 3), 2.647),
        (f"{CLOCK} 112.71 s", "pictures before 2.14 s cannot be decoded"),
    ),
    "odd_321x181_444.mp4": Read("video", "mp4", (321, 181), 6.0, (320, 180, 6)),
    "oversized_id3.wav": Read("audio", "wav", (0, 0), 0.1, audio=0.1),
    "rotate90.mp4": Read("video", "mp4", (240, 426), 12.0, (240, 426, 12), 12.0),
    "sar_2by3.mp4": Read("video", "mp4", (427, 360), 2.02, (428, 360, 2), 2.02),
    "subs_mov_text.mp4": Read("video", "mp4", (300, 200), 2.0, (300, 200, 2), 1.927),
    "truncated_no_moov.mp4": Refused(MediaDamaged, "cut off before its index"),
    "vfr_dropped.mp4": Read(
        "video", "mp4", (426, 240), 8.011, (426, 240, 8), 8.011, ("frame rate varies",)
    ),
    "with_attachment.mkv": Read("video", "mkv", (640, 360), 2.043, (640, 360, 3), 2.043),
    "yuv422p.mp4": Read("video", "mp4", (640, 360), 2.02, (640, 360, 2), 2.02),
    "zero_bytes.mp4": Refused(MediaEmpty, "has no bytes"),
}


def test_every_awkward_film_has_its_row(media_dir: Path) -> None:
    assert {path.name for path in (media_dir / "awkward_video").glob("*")} == OUTCOMES.keys()


@pytest.mark.parametrize("name", [n for n, row in OUTCOMES.items() if isinstance(row, Read)])
def test_an_awkward_film_is_read_with_the_warnings_of_its_row(
    media_dir: Path, tmp_path: Path, name: str
) -> None:
    row = OUTCOMES[name]
    assert isinstance(row, Read)
    asset = probe(media_dir / "awkward_video" / name)
    assert (asset.kind, asset.format) == (row.kind, row.format)
    assert (asset.width_px, asset.height_px) == row.size_px
    assert asset.duration_s == pytest.approx(row.duration_s, abs=0.001)
    assert len(asset.warnings) == len(row.warnings), asset.warnings
    for warning, word in zip(asset.warnings, row.warnings, strict=True):
        assert word in warning
        assert warning.endswith(".")

    made = 0
    for spec, wanted in (("nova", row.nova), ("audio", row.audio)):
        if isinstance(wanted, str):
            with pytest.raises(MediaUnsupported, match=wanted) as refused:
                make_video_proxy(asset, spec, tmp_path)
            assert name in refused.value.message
            assert refused.value.hint
            continue
        made += 1
        proxy = make_video_proxy(asset, spec, tmp_path)
        if isinstance(wanted, tuple):
            assert (proxy.width_px, proxy.height_px, proxy.duration_s) == wanted
        else:
            assert proxy.duration_s == pytest.approx(wanted, abs=0.02)
    assert len(names_in(tmp_path)) == made


@pytest.mark.parametrize("name", [n for n, row in OUTCOMES.items() if isinstance(row, Refused)])
def test_an_awkward_film_that_cannot_be_used_is_refused_with_its_reason(
    media_dir: Path, name: str
) -> None:
    row = OUTCOMES[name]
    assert isinstance(row, Refused)
    with pytest.raises(WorkbenchError, match=row.reason) as caught:
        probe(media_dir / "awkward_video" / name)
    assert type(caught.value) is row.error
    assert name in caught.value.message
    assert caught.value.hint
