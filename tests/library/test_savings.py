"""What proxies save, counted: bytes, upload seconds, and tokens where pixels are billed."""

from pathlib import Path

import pytest

from workbench.backends.catalog.file import load_catalog
from workbench.library.proxies.savings import savings_of, sent_proxy
from workbench.media.asset import Asset, Proxy
from workbench.reports.savings.charts import files_chart, kinds_chart, savers_chart, upload_chart
from workbench.reports.savings.table import savings_block, savings_facts, savings_frame

PHOTO = Asset("a" * 16, Path("photo.jpg"), "image", "jpeg", 4_000_000, 4000, 3000)
FILM = Asset("b" * 16, Path("film <b>.mp4"), "video", "mp4", 90_000_000, 1920, 1080, 600.0)
SOUND = Asset("c" * 16, Path("talk.mp3"), "audio", "mp3", 5_000_000, duration_s=600.0)
PLATE = Asset("d" * 16, Path("plate.png"), "image", "png", 30_000, 900, 900)

PROXIES = [
    Proxy(PHOTO.id, Path("p.jpg"), "nova-1568", 500_000, 2091, 1568),
    Proxy(PHOTO.id, Path("q.jpg"), "nova-896", 200_000, 1195, 896),
    Proxy(FILM.id, Path("f.mp4"), "nova", 3_000_000, 1280, 720, 600.0),
    Proxy(FILM.id, Path("g.mp4"), "preview", 40_000_000, 960, 540, 600.0),
    Proxy(FILM.id, Path("h.wav"), "audio", 19_000_000, 0, 0, 600.0),
]


def weighed(assets=(PHOTO, FILM, SOUND, PLATE), proxies=PROXIES, mbit_s=20.0):
    return savings_of(assets, proxies, load_catalog().all, mbit_s)


def test_the_proxy_that_models_are_sent_counts_and_no_other():
    savings = weighed()
    assert [(e.name, e.spec, e.proxy_bytes) for e in savings.files] == [
        ("film <b>.mp4", "nova", 3_000_000),
        ("photo.jpg", "nova-1568", 500_000),
    ]
    assert sent_proxy(PROXIES[1:2]) is PROXIES[1]
    assert sent_proxy(PROXIES[3:]) is None


def test_bytes_and_seconds_are_those_of_files_and_line():
    savings = weighed()
    assert (savings.original_bytes, savings.proxy_bytes) == (94_000_000, 3_500_000)
    assert savings.share == pytest.approx(1 - 3.5 / 94)
    assert savings.upload_s(savings.original_bytes) == pytest.approx(37.6)
    assert weighed(mbit_s=100.0).upload_s(3_500_000) == pytest.approx(0.28)
    assert [(kind.kind, kind.files, kind.proxy_bytes) for kind in savings.kinds] == [
        ("video", 1, 3_000_000),
        ("image", 1, 500_000),
    ]


def test_what_has_no_proxy_is_counted_apart_and_sounds_need_none():
    savings = weighed()
    assert (savings.without, savings.without_bytes) == (1, 30_000)


def test_tokens_are_saved_where_pixels_are_billed_and_nowhere_else():
    savings = weighed()
    photo = next(each for each in savings.files if each.kind == "image")
    assert photo.original_tokens > photo.proxy_tokens > 230
    film = next(each for each in savings.files if each.kind == "video")
    assert (film.original_tokens, film.proxy_tokens) == (None, None)
    assert savings.by_pixels[0] == "Nova Lite"
    assert ("Nova 2 Lite", 230) in savings.flat
    said = " ".join(savings_facts(savings))
    assert "Nova 2 Lite bills 230 tokens a picture, whatever its size." in said
    assert "A video costs by the frames looked at" in said


def test_a_picture_beyond_what_a_model_takes_counts_as_the_largest_it_takes():
    wide = Asset("e" * 16, Path("map.jpg"), "image", "jpeg", 90_000_000, 16_000, 16_000)
    edge = Asset("f" * 16, Path("map.jpg"), "image", "jpeg", 90_000_000, 8_000, 8_000)
    proxies = [Proxy(a.id, Path("m.jpg"), "nova-1568", 1, 1568, 1568) for a in (wide, edge)]
    first, second = weighed((wide, edge), proxies).files
    assert first.original_tokens == second.original_tokens


def test_a_proxy_that_grew_is_told_as_it_is():
    savings = weighed((PLATE,), [Proxy(PLATE.id, Path("p.png"), "nova-1568", 33_000, 900, 900)])
    assert savings.files[0].saved_bytes == -3000
    assert "10 % larger" in savings_facts(savings)[0]
    assert "No proxy saves anything." in savers_chart(savings).layout.meta["alt"]


def test_an_empty_library_has_nothing_to_weigh():
    savings = weighed((), [])
    assert (savings.share, savings.files, savings.kinds) == (None, (), ())
    assert savings.original_tokens is None
    assert savings_facts(savings) == ["No proxy has been made yet."]
    assert savings_frame(savings).height == 0
    for chart in (kinds_chart, savers_chart, upload_chart, files_chart):
        assert chart(savings).layout.meta["alt"] == "No proxy has been made yet."


def test_charts_say_in_words_what_they_show_and_read_no_tags_in_names():
    savings = weighed()
    assert (
        "Videos: 90.0 MB originals, 3.0 MB proxies, 97 % smaller"
        in (kinds_chart(savings).layout.meta["alt"])
    )
    assert "37 s" not in upload_chart(savings).layout.meta["alt"]
    assert "36 s as originals" in upload_chart(savings).layout.meta["alt"]
    drawn = savers_chart(savings).to_json() + files_chart(savings).to_json()
    assert "film <b>" not in drawn.replace('"alt":"The biggest savers: film <b>', "")
    assert "<b>.mp4" not in savings_block(savings).html


def test_the_table_has_a_row_a_file_with_seconds_and_tokens():
    frame = savings_frame(weighed())
    row = frame.filter(frame["name"] == "photo.jpg").row(0, named=True)
    assert row["original_upload_s"] == pytest.approx(1.6)
    assert row["saved"] == pytest.approx(0.875)
    assert row["proxy_tokens"] < row["original_tokens"]
