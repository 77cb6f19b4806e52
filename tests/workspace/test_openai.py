"""A model of the user's own server, from the catalog file to the ledger."""

import shutil
from decimal import Decimal

import pytest

from tests.support.openai_server import OpenAIServer
from tests.support.openai_steps import says
from tests.support.orders import order_of
from workbench import Workspace
from workbench.analysis.request import AnalysisRequest
from workbench.errors import AnswerCut, BudgetReached, SettingsError
from workbench.settings import load_settings

CATALOG = """
[models.qwen]
name = "Qwen 3"
engine = "openai"
model_id = "qwen3:8b"
accepts = ["text", "image"]
max_images = 1
max_output_tokens = 8000
"""
FREE = """
[[models.qwen.prices]]
route = "openai"
input_usd_per_mtok = "0"
output_usd_per_mtok = "0"
as_of = 2026-11-21
source = "runs here"
"""


@pytest.fixture
def openai_server(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def open_workspace(openai_server, empty_catalog, tmp_path, monkeypatch):
    """Opens a workspace that knows the server, with a catalog file of ours."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(empty_catalog, tmp_path / "data" / "app.db")
    opened = []

    def opens(prices=FREE, **changes):
        (tmp_path / "mine.toml").write_text(CATALOG + prices)
        settings = load_settings(
            data_dir=tmp_path / "data", catalog_file=tmp_path / "mine.toml",
            openai_base_url=openai_server.base_url, **changes,
        )  # fmt: skip
        opened.append(Workspace.open(settings))
        return opened[-1]

    yield opens
    for each in opened:
        each.close()


def order(**changes):
    no_cost = {"most_usd": Decimal(0), "estimated_usd": Decimal(0)}
    return order_of(engine="openai", model="qwen", route="openai", **(no_cost | changes))


def pay(workspace, **changes):
    return workspace.call(order(**changes), job_id="run-1", check=lambda: None)


def test_a_call_is_made_once_and_stands_in_the_ledger_at_its_price(open_workspace, openai_server):
    workspace = open_workspace()
    assert pay(workspace).cost_usd == 0
    assert not pay(workspace).was_paid
    (row,) = workspace.store.ledger().rows(named=True)
    assert (row["engine"], row["model"], row["model_id"]) == ("openai", "qwen", "qwen3:8b")
    assert (row["cost_usd"], row["outcome"]) == (0, "answered")
    assert row["input_tokens"] == openai_server.calls[0].input_tokens
    assert openai_server.answered == 1


def test_without_a_price_the_cost_is_unknown_and_no_budget_is_kept(open_workspace, openai_server):
    assert pay(open_workspace(prices=""), most_usd=None).cost_usd is None
    with pytest.raises(BudgetReached, match="no price is known"):
        pay(open_workspace(prices="", monthly_budget_usd=Decimal(5)), most_usd=None, key="0" * 64)
    assert openai_server.received == 1


def test_a_cut_answer_stands_in_the_ledger_with_what_it_has_used(open_workspace, openai_server):
    workspace = open_workspace()
    openai_server.script(says('{"summary": "It beg', "length"))
    with pytest.raises(AnswerCut):
        pay(workspace)
    (row,) = workspace.store.ledger().rows(named=True)
    assert row["outcome"] == "refused"
    assert row["output_tokens"] == openai_server.calls[0].output_tokens > 0


def test_it_is_offered_for_texts_and_not_for_analyses(open_workspace, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 48), "teal").save(tmp_path / "plate.png")
    workspace = open_workspace()
    workspace.import_media([tmp_path / "plate.png"])
    rows = workspace.prices(AnalysisRequest(assets=("plate.png",)))
    assert "lite" in {row.model for row in rows}
    assert "qwen" not in {row.model for row in rows}
    assert workspace.catalog.get("qwen").engine in workspace.backends.engines()


def test_an_address_that_is_none_names_its_setting(monkeypatch):
    with pytest.raises(SettingsError, match="WORKBENCH_OPENAI_BASE_URL") as caught:
        load_settings(openai_base_url="localhost:11434")
    assert "WORKBENCH_OPENAI_BASE_URL" in caught.value.hint
