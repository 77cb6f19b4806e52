"""Compare: the right two, how far they agree, and what to do when there are not two."""

from dataclasses import replace
from decimal import Decimal

import pytest

from workbench.analysis.results import Element, Occurrence
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan
from workbench.workspace import Workspace

NEWEST, OLDEST, THIRD = "b" * 32, "a" * 32, "c" * 32


@pytest.fixture
def third(talk: Asset, library: Workspace) -> str:
    """A third analysis of the talk, the oldest, by another model that also saw a valve."""
    known = library.analysis(OLDEST)
    valve = Element("equipment", "valve", "", (Occurrence(TimeSpan(5, 7), "shown"),))
    library.store.add_analysis(
        replace(
            known,
            id=THIRD,
            engine="nova",
            model="premier",
            model_name="Nova Premier",
            elements=(*known.elements, valve),
            calls=(replace(known.calls[0], cost_usd=Decimal("0.5")),),
        )
    )
    return THIRD


def figures(app) -> dict[str, str]:
    return {each.label: each.value.replace("\\", "") for each in app.metric}


def links(app) -> dict[str, str]:
    return {link.proto.label: link.proto.page for link in app.get("page_link")}


def said(app) -> str:
    return "\n".join(each.value for kind in ("markdown", "caption") for each in app.get(kind))


def test_the_two_newest_are_compared_with_the_newest_as_a(talk: Asset, open_page):
    app = open_page("compare")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="asset").value == talk.id
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == (NEWEST, OLDEST)
    assert figures(app) == {
        "Chapters agree": "2 of 2",
        "Elements in both": "2 of 2",
        "Time overlap": "100 %",
        "Price A / B": "$0.0412 / $0",
    }
    assert "They do not differ." in said(app)


def test_a_link_opens_the_two_it_names(talk: Asset, third: str, open_page):
    app = open_page("compare", asset=talk.id, a=OLDEST, b=third)
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == (OLDEST, third)
    assert figures(app)["Elements in both"] == "2 of 3"
    assert figures(app)["Time overlap"] == "71 %"
    (table,) = app.dataframe
    assert table.value["name"].tolist() == ["valve"]
    assert table.value["why"].tolist() == ["Only in B"]


def test_choosing_an_analysis_goes_into_the_link(talk: Asset, third: str, open_page):
    app = open_page("compare", asset=talk.id)
    app.selectbox(key="b").select(third).run()
    assert app.query_params["b"] == third
    assert figures(app)["Elements in both"] == "2 of 3"


def test_no_analysis_stands_beside_itself(talk: Asset, open_page):
    app = open_page("compare", asset=talk.id, a=OLDEST, b=OLDEST)
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == (OLDEST, NEWEST)
    assert not app.exception


def test_another_file_takes_the_analyses_out_of_the_link(
    talk: Asset, third: str, library: Workspace, open_page
):
    sound = library.asset("handover.mp3")
    for name, other in (("d", OLDEST), ("e", NEWEST)):
        known = library.analysis(other)
        library.store.add_analysis(
            replace(known, id=name * 32, asset_id=sound.id, asset_name=sound.name)
        )
    app = open_page("compare", asset=talk.id, b=third)
    app.selectbox(key="asset").select(sound.id).run()
    assert app.query_params.get("b") is None
    assert app.selectbox(key="a").value == "e" * 32
    assert not app.exception


def test_one_analysis_is_not_enough_and_the_page_says_what_to_do(
    talk: Asset, library: Workspace, open_page
):
    sound = library.asset("handover.mp3")
    app = open_page("compare", asset=sound.id)
    assert "Compare needs two" in said(app)
    assert "Analyse with another engine…" in links(app)
    assert not app.metric


def test_an_empty_library_is_told_so_in_a_sentence(opened: Workspace, open_page):
    app = open_page("compare")
    assert "nothing has been analysed yet" in said(app)
    assert "Analyse…" in links(app)


def test_pictures_are_compared_without_a_timeline(talk: Asset, library: Workspace, open_page):
    picture = library.asset("nameplate *bold* [x].jpg")
    for name, other in (("d", OLDEST), ("e", NEWEST)):
        known = library.analysis(other)
        shown = (Element("object", f"plate {name}", "", (Occurrence(TimeSpan(0, 0), "shown"),)),)
        library.store.add_analysis(
            replace(
                known,
                id=name * 32,
                asset_id=picture.id,
                duration_s=0.0,
                chapters=(),
                elements=shown,
            )
        )
    app = open_page("compare", asset=picture.id)
    assert not app.exception
    assert not app.error
    assert figures(app)["Chapters agree"] == "–"
    assert figures(app)["Elements in both"] == "0 of 2"
    assert figures(app)["Time overlap"] == "–"
    assert [each.value for each in app.subheader] == ["Where they differ"]


def test_results_lead_to_the_comparison_when_there_are_two(
    talk: Asset, library: Workspace, open_page
):
    assert "Compare" in links(open_page("results", asset=talk.id))
    sound = library.asset("handover.mp3")
    library.store.add_analysis(replace(library.analysis(OLDEST), id="d" * 32, asset_id=sound.id))
    assert "Compare" not in links(open_page("results", asset=sound.id))


def test_a_report_about_two_analyses_asks_which(talk: Asset, open_page):
    app = open_page("reports")
    app.button(key="make_compare").click().run()
    assert app.multiselect(key="report_compare_assets").value == [talk.id]
    assert app.text_input(key="report_compare_a").value == ""
    assert not app.exception
