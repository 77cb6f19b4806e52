"""The catalog: what is in it, what can be chosen, and what a user's own file changes."""

from datetime import date
from decimal import Decimal

import pytest

from tests.support.bedrock_rules import HOSTED
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import route_for
from workbench.errors import RequestError, SettingsError

DAY = date(2026, 11, 21)


@pytest.fixture
def on_the_day():
    return load_catalog(today=DAY)


def test_every_price_says_where_and_when_it_was_read(on_the_day):
    prices = [price for model in on_the_day.all for price in model.prices]
    assert len(prices) > 30
    for price in prices:
        assert price.source
        assert date(2026, 1, 1) <= price.as_of <= on_the_day.as_of
        assert price.input_usd_per_mtok > 0 or price.is_by_media
        assert not price.is_edited


def test_every_model_says_where_its_facts_come_from(on_the_day):
    for model in on_the_day.all:
        assert model.source
        assert model.ids
        assert model.engine in {"local", "nova", "rekognition", "transcribe", "polly"}
        if "video" in model.accepts and model.engine == "nova" and model.purpose == "analyse":
            assert model.sampling.source


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *((each, each) for each in ("micro", "lite", "pro", "premier", "2_lite")),
        *(("pro_2_preview", "2_pro_preview"), ("omni_2_preview", "2_omni_preview")),
    ],
)
def test_every_model_that_was_promised_is_there_with_all_that_a_plan_needs(on_the_day, name, key):
    model = on_the_day.get(name)
    assert model.key == key
    assert model.window_tokens
    assert model.max_output_tokens
    assert model.as_of
    assert model.price_list_name
    assert model.lifecycle != "active" or not model.ends
    assert (model.sampling is not None) == ("video" in model.accepts)


def test_a_name_leads_to_one_model(on_the_day):
    names = [name for model in on_the_day.all for name in (model.key, *model.aliases)]
    assert len(names) == len(set(names))


def test_no_route_and_tier_has_two_prices(on_the_day):
    for model in on_the_day.all:
        rows = [(price.route, price.tier) for price in model.prices]
        assert len(rows) == len(set(rows))
        assert {route for route, _ in rows} <= set(model.ids)


def test_ids_are_the_ones_the_service_has(on_the_day):
    for model in on_the_day.all:
        if model.model_id in HOSTED:
            profiles = {"" if route == "in-region" else route for route in model.ids}
            assert profiles == set(HOSTED[model.model_id].profiles)
            for route, model_id in model.ids.items():
                prefix = "" if route == "in-region" else f"{route}."
                assert model_id == f"{prefix}{model.model_id}"


def test_nova_2_lite_is_dearer_by_its_us_profile_than_by_the_global_one(on_the_day):
    us, world = (on_the_day.price("2_lite", route) for route in ("us", "global"))
    assert us.input_usd_per_mtok == Decimal("0.33")
    assert us.input_usd_per_mtok == world.input_usd_per_mtok * Decimal("1.1")


def test_batch_and_flex_are_half_price_and_priority_is_dearer(on_the_day):
    rates = {
        tier: on_the_day.price("2_lite", "us", tier).input_usd_per_mtok
        for tier in ("batch", "flex", "priority")
    }
    assert rates == {
        "batch": Decimal("0.165"),
        "flex": Decimal("0.165"),
        "priority": Decimal("0.5775"),
    }


def test_a_price_that_is_not_known_is_none(on_the_day):
    assert on_the_day.price("2_pro_preview", "us") is None
    assert on_the_day.price("pro", "eu") is None


def test_micro_takes_neither_video_nor_pictures(on_the_day):
    assert on_the_day.get("micro").accepts == {"text"}


def test_a_model_past_its_last_day_is_retired_and_cannot_be_chosen(on_the_day):
    assert on_the_day.get("premier").lifecycle == "retired"
    assert "premier" not in [model.key for model in on_the_day.models("nova")]
    assert "premier" in [m.key for m in on_the_day.models("nova", include_retired=True)]
    with pytest.raises(RequestError, match="retired since 2026-09-14") as caught:
        on_the_day.choose("best", {"video"}, "nova", model="premier")
    assert "pro" in caught.value.hint


def test_on_its_last_day_a_model_still_answers_but_warns():
    catalog = load_catalog(today=date(2026, 9, 14))
    premier = catalog.choose("best", {"video"}, "nova", model="premier")
    assert premier.lifecycle == "legacy"
    told = " ".join(catalog.warnings(premier))
    assert "legacy" in told
    assert "ends on 2026-09-14" in told


def test_previews_are_listed_with_a_warning_and_never_chosen_by_auto(on_the_day):
    preview = on_the_day.get("2_pro_preview")
    assert preview in on_the_day.models("nova", {"video"})
    assert "preview" in on_the_day.warnings(preview)[0]
    chosen = [on_the_day.choose(q, {"video"}, "nova") for q in ("fast", "balanced", "best")]
    assert preview not in chosen


@pytest.mark.parametrize(
    ("quality", "media", "key"),
    [
        ("fast", {"video"}, "lite"),
        ("balanced", {"video"}, "2_lite"),
        ("best", {"video", "image"}, "pro"),
        ("fast", {"text"}, "micro"),
        ("balanced", set(), "2_lite"),
    ],
)
def test_auto_takes_what_the_catalog_prefers_and_the_media_allow(on_the_day, quality, media, key):
    assert on_the_day.choose(quality, media, "nova").key == key


def test_auto_on_the_local_engine_is_the_local_model(on_the_day):
    model = on_the_day.choose("best", {"video", "audio"}, "local")
    assert (model.key, model.is_free) == ("local", True)
    assert on_the_day.warnings(model) == ()


@pytest.mark.parametrize(
    ("model", "media", "engine", "says_what"),
    [
        ("nothing", set(), "nova", "there is no model 'nothing'"),
        ("micro", {"video"}, "nova", "does not take video"),
        ("lite", {"video"}, "local", "not a model of engine 'local'"),
        ("nova_embed", {"text"}, "nova", "does not answer questions"),
        ("auto", {"audio"}, "nova", "no active model of engine 'nova' takes audio"),
    ],
)
def test_a_model_that_cannot_answer_is_refused_with_the_ones_that_can(
    on_the_day, model, media, engine, says_what
):
    with pytest.raises(RequestError, match=says_what) as caught:
        on_the_day.choose("fast", media, engine, model=model)
    assert "choose" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "region", "route"),
    [
        ("2_lite", "eu-west-3", "global"),
        ("pro", "eu-west-3", "eu"),
        ("pro", "us-east-1", "us"),
        ("pro", "ap-northeast-1", "apac"),
        ("pro", "us-gov-west-1", "in-region"),
        ("pro", "", "us"),
        ("local", "", "local"),
    ],
)
def test_the_route_follows_the_region(on_the_day, key, region, route):
    assert on_the_day.route_for(on_the_day.get(key), region=region) == route


def test_a_named_route_is_taken_or_refused_but_never_replaced(on_the_day):
    assert route_for(on_the_day.get("2_lite"), "us", "eu-west-3") == "us"
    assert route_for(on_the_day.get("local"), "us") == "local"
    with pytest.raises(RequestError, match="no route 'in-region'") as caught:
        route_for(on_the_day.get("2_lite"), "in-region")
    assert "global, us, eu, jp" in caught.value.hint
    with pytest.raises(RequestError, match="cannot be called from region sa-east-1"):
        route_for(on_the_day.get("2_pro_preview"), "auto", "sa-east-1")


def test_a_file_of_ones_own_replaces_a_price_and_marks_it(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(
        """
        as_of = 2026-11-30
        [[models.pro.prices]]
        route = "us"
        input_usd_per_mtok = 0.7
        output_usd_per_mtok = 3
        as_of = 2026-11-30
        source = "our contract"
        verified = true
        tiers = ["flex"]
        """
    )
    catalog = load_catalog(path, today=DAY)
    price = catalog.price("pro", "us")
    assert price.input_usd_per_mtok == Decimal("0.7")
    assert (price.is_edited, price.verified, price.source) == (True, True, "our contract")
    assert catalog.price("pro", "us", "flex").input_usd_per_mtok == Decimal("0.35")
    assert not catalog.price("pro", "in-region").is_edited
    assert catalog.get("pro").window_tokens == 300_000
    assert catalog.as_of == date(2026, 11, 30)
    assert catalog.origin == str(path)


def test_a_file_of_ones_own_adds_a_model_and_prefers_it(tmp_path):
    path = tmp_path / "models.toml"
    path.write_text(
        """
        [preferred.nova]
        best = ["3_lite"]
        [models.3_lite]
        name = "Nova 3 Lite"
        engine = "nova"
        model_id = "amazon.nova-3-lite-v1:0"
        ids = { global = "global.amazon.nova-3-lite-v1:0" }
        accepts = ["text", "video"]
        max_output_tokens = 1000
        """
    )
    catalog = load_catalog(path, today=DAY)
    assert catalog.choose("best", {"video"}, "nova").key == "3_lite"
    assert catalog.choose("fast", {"video"}, "nova").key == "lite"


PRICE = """
[[models.pro.prices]]
route = "us"
input_usd_per_mtok = {price}
output_usd_per_mtok = "1"
as_of = 2026-01-01
source = "x"
tiers = ["{tier}"]
"""


@pytest.mark.parametrize(
    ("text", "says_what"),
    [
        ("models = 3", r"\[models.KEY\]"),
        ("[models.pro", "is not TOML"),
        ('[models.pro]\nlifecycle = "gone"', "lifecycle is 'gone'"),
        ("[models.pro]\nwindow = 5", "window is 5"),
        ('[[models.pro.prices]]\nroute = "us"', "0.input_usd_per_mtok"),
        ("[models.new]\nname = 'N'", "engine"),
        ("[models.pro]\nprices = 3", "is 3"),
        ("[tier_factors]\nflex = 'half'", "flex is 'half'"),
        ("tier_factors = 3", "is 3"),
        ("preferred = 3", "is 3"),
        ('as_of = "soon"', "'soon'"),
        (PRICE.format(price='"dear"', tier="flex"), "input_usd_per_mtok is 'dear'"),
        (PRICE.format(price=1, tier="cheap"), "tiers.0 is 'cheap'"),
    ],
)
def test_a_file_of_ones_own_in_the_wrong_form_is_named_with_what_is_wrong(
    tmp_path, text, says_what
):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=says_what) as caught:
        load_catalog(path)
    assert "mine.toml" in caught.value.message
    assert "WORKBENCH_CATALOG_FILE" in caught.value.hint


def test_a_file_of_ones_own_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_catalog(tmp_path / "none.toml")
