"""Results: the right asset, the right analysis, the right list; text stays text."""

from workbench.media.asset import Asset
from workbench.ui.formats import mark_words
from workbench.ui.results.watching import player_source
from workbench.workspace import Workspace


def said(app) -> str:
    kinds = ("markdown", "caption", "text")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


def test_the_newest_analysis_is_shown_first(talk: Asset, open_page):
    app = open_page("results", asset=talk.id)
    assert app.title[0].value == r"pump talk\.mp4"
    assert app.selectbox(key="analysis").value == "b" * 32
    assert "Nova 2 Lite" in said(app)
    assert "\\$0\\.0412" in said(app) or "$0.0412" in said(app)


def test_a_link_opens_the_analysis_it_names(talk: Asset, open_page):
    app = open_page("results", asset=talk.id, analysis="a" * 32)
    assert app.selectbox(key="analysis").value == "a" * 32
    assert "Local engine" in said(app)


def test_choosing_an_analysis_goes_into_the_link(talk: Asset, open_page):
    app = open_page("results", asset=talk.id)
    app.selectbox(key="analysis").select("a" * 32).run()
    assert app.query_params["analysis"] == "a" * 32
    app.selectbox(key="analysis").select("b" * 32).run()
    assert "analysis" not in app.query_params


def test_results_without_a_link_reopen_the_last_asset(talk: Asset, open_page):
    app = open_page("results")
    assert app.title[0].value == r"pump talk\.mp4"
    assert app.query_params["asset"] == talk.id


def test_an_asset_that_is_gone_leads_back_to_the_library(talk: Asset, open_page):
    app = open_page("results", asset="0" * 16)
    assert "There is nothing here by that link." in said(app)
    assert not app.exception


def test_an_asset_without_analysis_offers_one(library: Workspace, open_page):
    picture = library.asset("nameplate *bold* [x].jpg")
    app = open_page("results", asset=picture.id)
    assert "Not analysed yet." in said(app)
    assert "Analyse…" in [link.proto.label for link in app.get("page_link")]
    assert not app.exception


def test_a_summary_is_text_and_not_markup(talk: Asset, open_page):
    app = open_page("results", asset=talk.id, tab="Summary")
    assert [each.value for each in app.text] == ["About *seals* and $bearings$."]


def test_every_tab_opens(talk: Asset, open_page):
    for tab in ("Chapters", "Transcript", "Elements", "Summary", "Evidence"):
        app = open_page("results", asset=talk.id, tab=tab)
        assert not app.exception, tab
        assert not app.error, tab


def test_provenance_names_engine_request_and_calls(talk: Asset, open_page):
    app = open_page("results", asset=talk.id)
    table = app.dataframe[0].value
    assert list(table["label"]) == ["pump talk.mp4"]
    assert '"engine": "nova"' in app.code[0].value


def test_the_player_knows_chapters_and_captions(talk: Asset, library: Workspace):
    source = player_source(talk, library.analysis("b" * 32), library.evidence(talk.id))
    assert [chapter.title for chapter in source.chapters] == ["Mechanical seals", "Bearings"]
    assert source.src == f"/files/{talk.id}/media"
    assert source.captions == f"/files/{talk.id}/captions.vtt"
    assert player_source(talk).captions == ""


def test_searched_words_are_marked_and_nothing_is_lost():
    pieces = mark_words("Seals: a dry seal <b>fails</b>.", ["seal", "dry"])
    assert "".join(piece for piece, _ in pieces) == "Seals: a dry seal <b>fails</b>."
    assert [piece for piece, strong in pieces if strong] == ["Seals", "dry", "seal"]
