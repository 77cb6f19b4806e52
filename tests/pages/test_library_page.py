"""Library: grid, table, filters, import, proxies."""

import pytest

from workbench.media.asset import Asset
from workbench.ui.library_parts import filtered_cards, totals_line
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


def test_a_returning_user_sees_everything_with_totals(talk: Asset, open_page):
    app = open_page("library")
    assert any("pump talk" in label for label in links(app))
    assert any(caption.value.startswith("3 items · 10 s") for caption in app.caption)


def test_a_file_name_is_never_read_as_markup(library: Workspace, open_page):
    app = open_page("library")
    assert any(r"nameplate \*bold\* \[x\]\.jpg" in label for label in links(app))


def test_a_link_opens_the_filtered_view(talk: Asset, open_page):
    app = open_page("library", kind="Image")
    labels = links(app)
    assert any("nameplate" in label for label in labels)
    assert not any("pump talk" in label for label in labels)


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


def test_missing_proxies_are_made_by_a_job(library: Workspace, open_page):
    app = open_page("library")
    button = next(each for each in app.button if each.label.startswith("Make 2 proxies"))
    button.click().run()
    assert [job.kind for job in library.jobs.jobs()] == ["proxies"]


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
