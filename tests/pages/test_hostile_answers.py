"""Whatever a model answers is shown as letters: pages draw no markup of it and follow no path."""

from dataclasses import replace

import pytest

from workbench.analysis.results import Chapter, Element, Occurrence, Summary
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan
from workbench.workspace import Workspace

EVIL = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1)) ![y](http://evil.example/p.png)",
    "../../../etc/passwd",
    ":red[x] $$\\href{http://evil.example}{y}$$ `code`",
)


@pytest.fixture
def attacked(talk: Asset, library: Workspace) -> Asset:
    """The talk, with a newest analysis in which every text is hostile."""
    newest = library.analysis(library.analyses(talk.id)[0].id)
    length_s = newest.duration_s
    step_s = length_s / len(EVIL)
    evil = replace(
        newest,
        id="f" * 16,
        created_at=newest.created_at.replace(year=newest.created_at.year + 1),
        model_name=EVIL[0],
        notes=EVIL,
        summary=Summary("\n\n".join(EVIL), is_extractive=False),
        chapters=tuple(
            Chapter(n, text, TimeSpan(n * step_s, (n + 1) * step_s), text, note=text)
            for n, text in enumerate(EVIL)
        ),
        elements=tuple(
            Element("equipment", text, text, (Occurrence(TimeSpan(0.0, 1.0), "shown", text),))
            for text in EVIL
        ),
    )
    library.store.add_analysis(evil)
    return talk


@pytest.mark.parametrize("tab", ["Chapters", "Elements", "Summary", "Evidence"])
def test_every_tab_of_the_results_shows_hostile_words_as_letters(attacked, open_page, tab):
    app = open_page("results", asset=attacked.id, tab=tab)
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="analysis").value == "f" * 16
    for drawn in (*app.markdown, *app.caption):
        if drawn.proto.allow_html:
            assert "<script" not in drawn.value
            assert "<img" not in drawn.value
            continue
        assert "](javascript:" not in drawn.value
        assert "![y](http" not in drawn.value
    for page in app.get("html"):
        assert "<script" not in page.proto.body
        assert "<img" not in page.proto.body


def test_a_page_links_to_nothing_an_answer_names(attacked, open_page):
    app = open_page("results", asset=attacked.id)
    links = [str(link.proto) for link in (*app.get("page_link"), *app.get("link_button"))]
    assert not [
        link for link in links if "evil" in link or "passwd" in link or "javascript" in link
    ]
