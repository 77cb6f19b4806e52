from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from workbench.errors import MediaUnsupported, NotInstalled
from workbench.evidence.evidence import Shot
from workbench.evidence.screen import ocr
from workbench.evidence.screen.ocr import Line
from workbench.evidence.screen.text import read_screen_text
from workbench.media.asset import Asset
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan


def slide(title="", lines=(), *, paper="#f4f1ea", size_px=(640, 360)):
    """A flat picture with a large title and smaller lines."""
    picture = Image.new("RGB", size_px, paper)
    draw = ImageDraw.Draw(picture)
    draw.text((40, 30), title, font=ImageFont.load_default(36), fill="#222222")
    for index, line in enumerate(lines):
        draw.text((50, 110 + index * 45), line, font=ImageFont.load_default(22), fill="#333333")
    return picture


def photo(seed=0, *, size_px=(640, 360)):
    """A picture that is flat nowhere."""
    grain = np.random.default_rng(seed).integers(0, 255, (size_px[1] // 4, size_px[0] // 4, 3))
    return Image.fromarray(grain.astype(np.uint8)).resize(size_px, Image.Resampling.BICUBIC)


def film(path: Path, pictures, *, seconds_each=2) -> Asset:
    """A video that shows each picture for some seconds, two frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=2, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            for _ in range(seconds_each * 2):
                frame.pts = None
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return probe(path)


def shots_of(count, *, seconds_each=2):
    spans = [TimeSpan(i * seconds_each, (i + 1) * seconds_each) for i in range(count)]
    return [Shot(index, span, span.middle_s) for index, span in enumerate(spans)]


class Reader:
    """Reads what it is told to, one list of lines a picture, and counts."""

    def __init__(self, *readings):
        self.readings = list(readings)
        self.sizes = []

    def __call__(self, picture):
        self.sizes.append(picture.shape)
        return tuple(self.readings[len(self.sizes) - 1])


def line(text, *, top=0.1, height=0.1, confidence=0.9):
    return Line(text, confidence, top, 0.1, height)


def told(blocks):
    return [(b.span.start_s, b.span.end_s, b.text, b.is_title) for b in blocks]


@pytest.fixture(scope="module")
def reader():
    is_ready, finding, hint = ocr.readiness()
    if not is_ready:
        pytest.skip(f"{finding}: {hint}")
    return ocr.open_reader()


def test_slides_are_read_with_their_titles_and_times(tmp_path, reader):
    points = ("Keeps water inside the casing", "Wears when the pump runs dry")
    pictures = [
        slide("The mechanical seal", points),
        slide("The bearing", ("Needs grease", "Part number MS-2044-B")),
        slide("The bearing", ("Needs grease", "Part number MS-2044-C")),
    ]
    blocks = read_screen_text(film(tmp_path / "talk.mp4", pictures), shots_of(3), reader=reader)
    assert sorted(told(blocks)) == sorted(
        [
            (0, 2, "The mechanical seal", True),
            (0, 2, points[0], False),
            (0, 2, points[1], False),
            (2, 6, "The bearing", True),
            (2, 6, "Needs grease", False),
            (2, 4, "Part number MS-2044-B", False),
            (4, 6, "Part number MS-2044-C", False),
        ]
    )
    title = blocks[0]
    assert title.confidence > 0.9
    assert title.top == pytest.approx(0.09, abs=0.04)
    assert title.height == pytest.approx(0.1, abs=0.04)


def test_a_photo_with_a_label_has_text_and_no_title(tmp_path, reader):
    picture = photo()
    ImageDraw.Draw(picture).rectangle((100, 100, 400, 170), fill="white")
    ImageDraw.Draw(picture).text(
        (120, 115), "PUMP 42 A", font=ImageFont.load_default(36), fill="black"
    )
    picture.save(tmp_path / "plate.png")
    (block,) = read_screen_text(probe(tmp_path / "plate.png"), (), reader=reader)
    assert told([block]) == [(0, 0, "PUMP 42 A", False)]


def test_a_picture_seen_before_is_not_read_again(tmp_path):
    talk, speaker = slide("A talk"), photo(1)
    reading = Reader([line("A talk")], [])
    asset = film(tmp_path / "talk.mp4", [talk, speaker, talk, speaker, talk])
    blocks = read_screen_text(asset, shots_of(5), reader=reading)
    assert len(reading.sizes) == 2
    assert [(b.span.start_s, b.span.end_s) for b in blocks] == [(0, 2), (4, 6), (8, 10)]


def test_one_new_line_of_small_text_is_noticed(tmp_path):
    reading = Reader([], [])
    pictures = [slide("Seals", ("One",)), slide("Seals", ("One", "Another small line"))]
    read_screen_text(film(tmp_path / "talk.mp4", pictures), shots_of(2), reader=reading)
    assert len(reading.sizes) == 2


def test_a_long_shot_is_looked_at_again_and_a_line_that_stays_is_one_block(tmp_path):
    asset = film(tmp_path / "talk.mp4", [slide("One"), photo(2), photo(3)], seconds_each=20)
    shot = Shot(0, TimeSpan(0, 60), 30.0)
    reading = Reader(
        [line("Live"), line("One", top=0.5)],
        [line("Live")],
        [line("Live", top=0.11), line("Two", top=0.5)],
    )
    blocks = read_screen_text(asset, [shot], reader=reading)
    assert [t[:3] for t in told(blocks)] == [(0, 60, "Live"), (0, 20, "One"), (40, 60, "Two")]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ("The mechanical seal", "The rnechanical seal", 1),
        ("Part 2044-B", "Part 2045-B", 2),
        ("Seal", "Bearing", 2),
    ],
)
def test_a_misread_letter_is_the_same_line_and_another_number_is_not(
    tmp_path, first, second, count
):
    asset = film(tmp_path / "talk.mp4", [slide("a"), photo(1)])
    reading = Reader([line(first, confidence=0.99)], [line(second)])
    blocks = read_screen_text(asset, shots_of(2), reader=reading)
    assert len(blocks) == count
    assert blocks[0].text == first


def test_page_numbers_and_clocks_are_no_titles(tmp_path):
    asset = film(tmp_path / "talk.mp4", [slide("Page")])
    reading = Reader([line("12:45", height=0.3), line("Seals", top=0.5, height=0.1)])
    assert [b.text for b in read_screen_text(asset, shots_of(1), reader=reading) if b.is_title] == [
        "Seals"
    ]


def test_progress_counts_pictures(tmp_path):
    reports = []
    asset = film(tmp_path / "talk.mp4", [slide("a"), slide("b b b b b")])
    read_screen_text(
        asset,
        shots_of(2),
        reader=Reader([], []),
        progress=lambda *report: reports.append(report),
    )
    assert reports == [(0, 2, "screen text"), (1, 2, "screen text"), (2, 2, "screen text")]


def test_textures_are_not_taken_for_text():
    assert not ocr.is_plausible("...", 0.99)
    assert not ocr.is_plausible("il", 0.75)
    assert ocr.is_plausible("42", 0.85)


def test_sound_has_no_screen():
    asset = Asset("0" * 16, Path("talk.mp3"), "audio", "mp3", 10)
    with pytest.raises(MediaUnsupported):
        read_screen_text(asset, ())


def test_a_missing_package_is_named_with_the_line_that_adds_it(monkeypatch):
    monkeypatch.setattr(ocr, "_package_version", lambda: None)
    with pytest.raises(NotInstalled) as caught:
        ocr.open_reader()
    assert caught.value.hint == "pip install rapidocr==3.10.0"


@pytest.mark.media
def test_words_in_a_real_film_are_read_once_for_as_long_as_they_stay(media_dir, reader):
    asset = probe(media_dir / "video" / "pyscenedetect_testvideo.mp4")
    shot = Shot(0, TimeSpan(0, asset.duration_s), asset.duration_s / 2)
    texts = [block.text for block in read_screen_text(asset, [shot], reader=reader)]
    assert texts == ["Copyright © 2013 Brandon Castellano", "www.bcastell.com"]
