"""Library: grid, table, filters, import, proxies."""

import json

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import workbench.library.proxies.plan
from workbench.media.asset import Asset
from workbench.ui.library.assets import filtered_cards, totals_line
from workbench.workspace import Workspace


def words(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


def links(app) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def test_a_newcomer_sees_three_ways_to_begin_and_what_works(opened: Workspace, open_page):
    app = open_page("library")
    said = words(app)
    for title in ("Try the sample library", "Import a folder", "Upload files"):
        assert title in said
    assert "What works right now" in [each.value for each in app.subheader]


def test_a_returning_user_sees_everything_with_totals(talk: Asset, open_page, on_the_wall):
    app = open_page("library")
    assert set(on_the_wall(app)) == {"handover.mp3", "nameplate *bold* [x].jpg", "pump talk.mp4"}
    assert any(caption.value.startswith("3 items · 10 s") for caption in app.caption)


def test_a_file_name_reaches_its_card_as_letters(library: Workspace, open_page, on_the_wall):
    card = on_the_wall(open_page("library"))["nameplate *bold* [x].jpg"]
    assert card["alt"] == "Picture of nameplate *bold* [x].jpg"


def test_a_link_opens_the_filtered_view(talk: Asset, open_page, on_the_wall):
    assert set(on_the_wall(open_page("library", kind="Image"))) == {"nameplate *bold* [x].jpg"}


def test_a_card_says_what_its_proxy_saves(library: Workspace, open_page, on_the_wall):
    name = "nameplate *bold* [x].jpg"
    before = on_the_wall(open_page("library"))[name]
    assert "→" not in before["size"]
    assert "saved" not in before
    library.make_proxies([library.asset(name).id])
    after = on_the_wall(open_page("library"))[name]
    assert after["size"].startswith(f"{before['size']} → ")
    assert after["saved"].endswith(("smaller", "as large", "larger"))
    table = open_page("library", view="Table").dataframe[0].value
    row = table[table["name"] == name].iloc[0]
    assert (row["size"], row["proxy"]) == tuple(after["size"].split(" → "))
    assert row["saved"].endswith("%")


def test_a_filter_that_fits_nothing_says_so(talk: Asset, open_page):
    app = open_page("library", q="zebra")
    assert "Nothing matches." in words(app)
    assert "Clear filter" in links(app)


def test_the_table_lists_the_same_assets(talk: Asset, open_page):
    app = open_page("library", view="Table")
    table = app.dataframe[0].value
    assert sorted(table["name"]) == ["handover.mp3", "nameplate *bold* [x].jpg", "pump talk.mp4"]


def test_a_look_inside_counts_before_anything_is_imported(opened: Workspace, tiny_media, open_page):
    app = open_page("library")
    app.text_input(key="first_folder").set_value(str(tiny_media))
    app.button(key="first_look").click().run()
    assert "1 video · 1 image · 1 sound file" in words(app)
    assert opened.assets() == []
    app.button(key="first_import").click().run()
    assert [job.kind for job in opened.jobs.jobs()] == ["import"]


def test_a_look_into_a_missing_folder_says_what_to_do(opened: Workspace, open_page):
    app = open_page("library")
    app.text_input(key="first_folder").set_value("/no/such/folder")
    app.button(key="first_look").click().run()
    assert len(app.error) == 1
    assert not app.exception


def button(app, label: str):
    return next(each for each in app.button if each.label.startswith(label))


def figures(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def asking_for_proxies() -> None:
    """A script that has the dialog open in every run, as a browser has."""
    from workbench.ui import workspace
    from workbench.ui.library.proxies import proxies_dialog

    proxies_dialog([asset.id for asset in workspace().assets()])


@pytest.fixture
def dialog(library: Workspace, monkeypatch) -> AppTest:
    """The dialog for everything in the library."""
    monkeypatch.setattr(st, "switch_page", lambda *_, **__: None)
    return AppTest.from_function(asking_for_proxies, default_timeout=60).run()


def test_the_page_offers_what_is_missing_with_its_figures_and_starts_nothing(
    library: Workspace, open_page
):
    app = open_page("library")
    button(app, "Make 2 missing proxies…").click().run()
    assert button(app, "Make 2 proxies")
    assert figures(app)["To make"] == "2"
    assert figures(app)["Size"].startswith("≈ ")
    assert figures(app)["Free disk"].endswith("B")
    assert library.jobs.jobs() == []


def test_proxies_are_made_by_a_job_of_what_is_missing(library: Workspace, dialog):
    button(dialog, "Make 2 proxies").click().run()
    (job,) = library.jobs.jobs()
    assert (job.kind, len(job.asset_ids)) == ("proxies", 2)
    assert json.loads(job.request)["spec"] is None


def test_only_the_specs_that_fit_are_offered_and_one_can_be_chosen(library: Workspace, dialog):
    chooser = dialog.selectbox(key="proxy_spec")
    offered = {option.rpartition("(")[2].rstrip(")") for option in chooser.options}
    assert {"nova", "preview", "audio", "nova-896"} <= offered
    chooser.select("audio").run()
    assert figures(dialog)["To make"] == "2"
    assert "Not for 1 other file of the selection." in words(dialog)
    button(dialog, "Make 2 proxies").click().run()
    (job,) = library.jobs.jobs()
    assert json.loads(job.request)["spec"] == "audio"


def test_what_is_there_is_made_again_only_if_that_is_asked(library: Workspace, dialog):
    library.make_proxies([asset.id for asset in library.assets()])
    dialog.run()
    assert button(dialog, "Nothing to make").disabled
    dialog.checkbox(key="proxy_again").check().run()
    button(dialog, "Make 2 proxies").click().run()
    (job,) = library.jobs.jobs()
    assert json.loads(job.request)["again"] is True


def test_a_full_disk_is_told_before_and_the_button_waits(
    library: Workspace, open_page, monkeypatch
):
    monkeypatch.setattr(workbench.library.proxies.plan, "free_bytes", lambda folder: 1000)
    app = open_page("library")
    button(app, "Make 2 missing proxies…").click().run()
    assert button(app, "Make 2 proxies").disabled
    assert "too little for this" in words(app)


def test_savings_are_a_view_of_their_own(library: Workspace, open_page):
    empty = open_page("library", view="Savings")
    assert "No proxy has been made of these yet." in words(empty)
    library.make_proxies([asset.id for asset in library.assets()])
    app = open_page("library", view="Savings")
    assert not app.exception
    assert {"Bytes", "Sending all once", "Without a proxy"} <= set(figures(app))
    assert figures(app)["Without a proxy"] == "0"
    assert sorted(app.dataframe[0].value["spec"]) == ["nova", "nova-1568"]
    only = open_page("library", view="Savings", kind="Image")
    assert list(only.dataframe[0].value["spec"]) == ["nova-1568"]


def test_proxies_are_made_with_an_import_where_that_is_wanted(
    opened: Workspace, tiny_media, open_page
):
    app = open_page("library")
    app.text_input(key="first_folder").set_value(str(tiny_media))
    app.button(key="first_look").click().run()
    assert not app.checkbox(key="first_proxies").value
    app.checkbox(key="first_proxies").check().run()
    app.button(key="first_import").click().run()
    (job,) = opened.jobs.jobs()
    assert json.loads(job.request)["proxies"] is True


@pytest.mark.parametrize(
    ("sort", "first"),
    [("Name", "handover.mp3"), ("Longest", "pump talk.mp4"), ("Largest", "pump talk.mp4")],
)
def test_cards_are_sorted_as_asked(library: Workspace, sort, first):
    found = filtered_cards(library.cards(), name="", kinds=[], state="Any state", sort=sort)
    assert found[0].asset.name == first


def test_oldest_is_newest_the_other_way_round(library: Workspace):
    cards = library.cards()
    turned = filtered_cards(cards, name="", kinds=[], state="Any state", sort="Oldest")
    assert turned == list(reversed(cards))


def test_the_state_filter_keeps_only_that_state(talk: Asset, library: Workspace):
    found = filtered_cards(library.cards(), name="", kinds=[], state="Analysed", sort="Newest")
    assert [card.asset.id for card in found] == [talk.id]


def test_totals_name_what_proxies_save(library: Workspace):
    assert "smaller" not in totals_line(library.totals())
    picture = next(a.id for a in library.assets() if a.kind == "image")
    library.make_proxies([picture])
    assert "proxies (" in totals_line(library.totals())
