"""Search finds what was said; Reports asks for a notebook's own parameters."""

from datetime import UTC, datetime
from pathlib import Path

from workbench.library.records import ReportRecord
from workbench.media.asset import Asset
from workbench.workspace import Workspace


def said(app) -> str:
    kinds = ("markdown", "caption", "subheader")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


def test_a_search_shows_hits_in_a_card_for_each_file(talk: Asset, open_page):
    app = open_page("search", q="dry start", how="Words")
    assert not app.error
    assert not app.exception
    assert "in 1 file" in said(app)
    links = {link.proto.label: link.proto for link in app.get("page_link")}
    assert any("pump talk" in label for label in links)
    assert links["Make a film of these"].query_string == "search=dry+start&how=Words"


def test_no_hit_says_so_and_names_words_that_occur(talk: Asset, open_page):
    app = open_page("search", q="qqzzx xyqqw", how="Words")
    assert "Nothing in the library fits" in said(app)


def test_an_empty_search_asks_for_words(talk: Asset, open_page):
    app = open_page("search")
    assert "press Enter" in said(app)


def test_a_report_asks_for_the_parameters_of_its_notebook(
    talk: Asset, library: Workspace, open_page
):
    app = open_page("reports")
    app.button(key="make_video_report").click().run()
    assert app.multiselect(key="report_video_report_assets").value == [talk.id]
    notebook = next(each for each in library.notebooks() if each.name == "video_report")
    kinds = ("multiselect", "selectbox", "number_input", "text_input", "checkbox")
    asked = {each.key.removeprefix("report_video_report_") for k in kinds for each in app.get(k)}
    assert "report_video_report_fields" in {each.key for each in app.dataframe}
    assert asked == set(notebook.parameters) - {"data_dir", "fields"}


def test_a_report_that_needs_no_file_can_be_made_of_none_and_one_that_does_cannot(
    library: Workspace, open_page
):
    for name, is_off in (("cost_what_if", False), ("model_comparison", True)):
        app = open_page("reports")
        app.button(key=f"make_{name}").click().run()
        assert not app.exception
        (make,) = [button for button in app.button if button.label == "Make 1 report"]
        assert make.disabled is is_off


def test_a_link_with_a_file_opens_the_form_for_that_file(
    talk: Asset, library: Workspace, open_page
):
    sound = library.asset("handover.mp3")
    app = open_page("reports", assets=[sound.id])
    assert app.multiselect(key="report_video_report_assets").value == [sound.id]


def test_made_reports_are_listed_with_links(
    talk: Asset, library: Workspace, open_page, tmp_path: Path
):
    html = tmp_path / "r.html"
    html.write_text("<p>")
    library.store.add_report(
        ReportRecord("r1", "video_report", "Pump talk", datetime.now(UTC), html, None, (talk.id,))
    )
    app = open_page("reports", report="r1")
    row = app.dataframe[0].value.iloc[0]
    assert row["about"] == "pump talk.mp4"
    assert row["open"].endswith("/reports/r1")
    assert [link.proto.label for link in app.get("link_button")] == ["Open report", "Download"]


def test_settings_name_what_is_off_and_how_to_put_it_right(opened: Workspace, open_page):
    app = open_page("settings")
    assert "**Amazon Nova**" in said(app)
    assert "AWS" in "\n".join(each.value for each in app.text)
    assert "Data folder" in said(app)
