"""Every page opens on an empty and on a full library, and says what is there."""

import pytest

from workbench.media.asset import Asset
from workbench.workspace import Workspace

PAGES = (
    "library",
    "search",
    "analyse",
    "results",
    "compare",
    "explain",
    "reports",
    "jobs",
    "costs",
    "settings",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_on_an_empty_library(page, opened: Workspace, open_page):
    app = open_page(page)
    assert not app.exception
    assert app.title


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_on_a_full_library(page, talk: Asset, open_page):
    app = open_page(page)
    assert not app.exception
    assert not app.error
