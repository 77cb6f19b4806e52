"""The catalog compared with an account: what differs, what cannot be asked, and what is written."""

import functools
import tomllib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.aws_control_server import AwsControlServer, model
from workbench.backends.bedrock.account import Account
from workbench.backends.catalog.check import CatalogCheck, CheckedModel, check_catalog
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.overlay import BEGIN, write_overlay
from workbench.backends.catalog.price_list import ListedRates
from workbench.errors import NoCredentials, RequestError

DAY = date(2026, 11, 21)
LITE = "amazon.nova-lite-v1:0"


@functools.cache
def account(region: str) -> Account:
    """One for all tests: opening boto3's clients takes longer than most of them."""
    return Account(region)


def checked(catalog=None, region: str = "us-east-1") -> CatalogCheck:
    return check_catalog(catalog or load_catalog(today=DAY), account(region), today=DAY)


def rows(check: CatalogCheck, kind: str) -> list[tuple[str, str, str, str]]:
    return [(d.model, d.where, d.ours, d.theirs) for d in check.differences if d.kind == kind]


@pytest.fixture
def quick(monkeypatch):
    """Fail at once where a test makes a service fail: boto3 would wait and ask again."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def test_a_catalog_that_agrees_has_one_difference_that_is_the_gated_preview(control):
    check = checked()
    assert rows(check, "price unknown") == [
        ("2_omni_preview", "in-region standard", "$0.3 / $2.5", "–")
    ]
    assert len(check.differences) == 1
    assert check.not_compared == ()
    assert check.agreed > 40
    assert (check.region, check.checked_on) == ("us-east-1", DAY)


def test_every_page_of_every_list_is_read(control: AwsControlServer):
    few = checked()
    control.page_size = 4
    assert checked() == few


def test_a_model_that_is_gone_and_a_profile_that_is_new_are_named(control: AwsControlServer):
    del control.account.models["amazon.nova-pro-v1:0"]
    del control.account.profiles["us.amazon.nova-pro-v1:0"]
    control.account.profiles[f"global.{LITE}"] = ("",)
    control.account.profiles[f"ca.{LITE}"] = ("ca-central-1",)
    check = checked()
    assert rows(check, "id missing") == [
        ("pro", "in-region", "amazon.nova-pro-v1:0", "not in us-east-1"),
        ("pro", "us", "us.amazon.nova-pro-v1:0", "no such profile in us-east-1"),
    ]
    assert rows(check, "id new") == [
        ("lite", "ca", "–", f"ca.{LITE}"),
        ("lite", "global", "–", f"global.{LITE}"),
    ]


def test_a_model_that_the_catalog_does_not_have_is_named_with_what_it_takes(
    control: AwsControlServer,
):
    control.account.models["new"] = model("amazon.nova-3-lite-v1:0", "Nova 3 Lite")
    (new,) = rows(checked(), "id new")
    assert new == ("amazon.nova-3-lite-v1:0", "", "–", "Nova 3 Lite, takes image text video")


def test_a_model_that_becomes_legacy_is_named_with_its_last_day(control: AwsControlServer):
    lifecycle = {"status": "LEGACY", "endOfLifeTime": "2027-02-01T00:00:00Z"}
    control.account.models[LITE]["modelLifecycle"] = lifecycle
    assert rows(checked(), "lifecycle") == [("lite", "", "active", "legacy, ends 2027-02-01")]


def test_a_retired_model_that_is_still_listed_is_a_difference_only_if_its_state_is_another(
    control: AwsControlServer,
):
    premier = "amazon.nova-premier-v1:0"
    control.account.models[premier] = model(
        premier, "Nova Premier", status="LEGACY", endOfLifeTime="2026-09-14T00:00:00Z"
    )
    assert rows(checked(), "lifecycle") == []
    control.account.models[premier]["modelLifecycle"] = {"status": "ACTIVE"}
    assert rows(checked(), "lifecycle") == [("premier", "", "retired, ends 2026-09-14", "active")]


def test_prices_that_differ_are_shown_on_both_sides(control: AwsControlServer):
    control.account.prices["Nova Pro", "output-tokens-flex"] = ("0.0017", "1K tokens")
    assert rows(checked(), "price differs") == [
        ("pro", "in-region flex", "$0.4 / $1.6", "$0.4 / $1.7"),
        ("pro", "us flex", "$0.4 / $1.6", "$0.4 / $1.7"),
    ]


def test_a_price_that_is_no_longer_listed_or_not_whole_is_unknown_and_not_zero(
    control: AwsControlServer,
):
    del control.account.prices["Nova Micro", "output-tokens"]
    check = checked()
    assert ("micro", "us standard", "$0.035 / $0.14", "$0.035 / –") in rows(check, "price unknown")
    assert ("us", "standard") not in check.models["micro"].prices


def test_a_usage_type_that_is_not_known_is_named_and_the_others_are_compared(
    control: AwsControlServer,
):
    control.account.prices["Nova Lite", "input-tokens-turbo"] = ("0.00001", "1K tokens")
    check = checked()
    ((key, _, _, said),) = rows(check, "not read")
    assert (key, said.split()[0]) == ("lite", "USE1-NovaLite-input-tokens-turbo")
    assert check.models["lite"].prices["us", "standard"].input == Decimal("0.06")


def test_only_what_can_be_seen_from_the_region_is_compared(control: AwsControlServer):
    told = control.account
    told.region, told.price_prefix = "eu-west-3", "EUW3-"
    told.profiles = {
        f"eu.{each}": ("eu-west-3",)
        for each in (LITE, "amazon.nova-pro-v1:0", "amazon.nova-micro-v1:0")
    } | {f"{place}.amazon.nova-2-lite-v1:0": ("eu-west-3",) for place in ("eu", "global")}
    for name in ("micro", "lite", "pro"):
        told.models[f"amazon.nova-{name}-v1:0"]["inferenceTypesSupported"] = ["INFERENCE_PROFILE"]
    check = checked(region="eu-west-3")
    assert {where for _, where, _, _ in rows(check, "id missing")} == {"in-region"}
    assert {d.where.split()[0] for d in check.differences if d.kind.startswith("price")} <= {
        "in-region",
        "eu",
        "global",
    }
    assert check.models["lite"].prices["eu", "standard"].input == Decimal("0.06")
    assert all(route != "us" for model in check.models.values() for route, _ in model.prices)


@pytest.mark.parametrize(
    ("operation", "part", "action"),
    [
        ("ListFoundationModels", "models and lifecycles", "bedrock:ListFoundationModels"),
        ("ListInferenceProfiles", "inference profiles", "bedrock:ListInferenceProfiles"),
        ("GetProducts", "prices", "pricing:GetProducts"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_policy_line_and_the_rest_is_compared(
    control: AwsControlServer, operation, part, action
):
    control.deny(operation)
    check = checked()
    (missed,) = check.not_compared
    assert missed.part == part
    assert f'{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}' in missed.hint
    assert check.agreed > 5


def test_without_credentials_nothing_is_asked(control: AwsControlServer, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    with pytest.raises(NoCredentials, match="No AWS credentials"):
        check_catalog(load_catalog(today=DAY), Account("us-east-1"))
    assert control.asked == []


def test_credentials_that_are_not_accepted_end_it_with_that(control: AwsControlServer):
    control.fail("ListFoundationModels", "UnrecognizedClientException", "bad token", status=403)
    with pytest.raises(NoCredentials) as caught:
        checked()
    assert "aws configure" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"product": {}}', '{"product": {"attributes": {"usagetype": 1}}, "terms": {}}']
)  # fmt: skip
def test_a_price_list_in_another_form_is_named_and_no_price_is_taken(control, text):
    control.account.products = [text]
    check = checked()
    (missed,) = check.not_compared
    assert "form that is not known" in missed.reason
    assert all(not model.prices for model in check.models.values())


def test_a_service_that_hangs_is_given_up(control: AwsControlServer, quick):
    control.hang("ListInferenceProfiles")
    check = check_catalog(load_catalog(today=DAY), Account("us-east-1", answer_s=2.0), today=DAY)
    (missed,) = check.not_compared
    assert missed.part == "inference profiles"
    assert "ReadTimeoutError" in missed.reason


def test_what_was_found_is_written_with_source_and_date_and_then_agrees(control, tmp_path):
    control.account.prices["Nova Pro", "output-tokens"] = ("0.004", "1K tokens")
    control.account.profiles[f"global.{LITE}"] = ("",)
    lifecycle = {"status": "LEGACY", "endOfLifeTime": "2027-02-01T00:00:00Z"}
    control.account.models[LITE]["modelLifecycle"] = lifecycle
    path = tmp_path / "new" / "prices.toml"
    count = write_overlay(checked(), path)
    catalog = load_catalog(path, today=DAY)
    price = catalog.price("pro", "us")
    assert price.output_usd_per_mtok == 4
    assert (price.source, price.as_of) == ("AWS Price List API, us-east-1", DAY)
    assert price.verified
    assert catalog.price("2_lite", "global", "flex").verified
    assert catalog.get("lite").ids["global"] == f"global.{LITE}"
    assert catalog.get("lite").ids["us"] == f"us.{LITE}"
    assert (catalog.get("lite").lifecycle, catalog.get("lite").ends) == (
        "legacy",
        date(2027, 2, 1),
    )
    assert count == path.read_text().count("verified = true")
    again = checked(catalog)
    assert [d.model for d in again.differences] == ["2_omni_preview"]


MINE = """# Our contract of May.
[[models.pro.prices]]
route = "us"
input_usd_per_mtok = "0.5"
output_usd_per_mtok = "2"
as_of = 2026-05-01
source = "our contract"
tiers = ["flex"]

[models.lite]
speed_note = "Our favourite."
"""


def test_what_the_user_wrote_stays_and_wins(control: AwsControlServer, tmp_path):
    lifecycle = {"status": "LEGACY", "endOfLifeTime": "2027-02-01T00:00:00Z"}
    control.account.models[LITE]["modelLifecycle"] = lifecycle
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    write_overlay(checked(), path)
    assert path.read_text().startswith(MINE)
    catalog = load_catalog(path, today=DAY)
    assert catalog.price("pro", "us").source == "our contract"
    assert catalog.price("pro", "us", "flex").input_usd_per_mtok == Decimal("0.25")
    assert catalog.price("pro", "us", "batch").source == "AWS Price List API, us-east-1"
    assert catalog.get("lite").speed_note == "Our favourite."
    assert catalog.get("lite").lifecycle == "active"


@pytest.mark.parametrize("own", ["", MINE, "# only a remark\n"])
def test_the_next_check_replaces_what_the_last_one_wrote(control, tmp_path, own):
    path = tmp_path / "mine.toml"
    path.write_text(own)
    write_overlay(checked(), path)
    once = path.read_text()
    control.account.prices["Nova Pro", "input-tokens"] = ("0.0009", "1K tokens")
    write_overlay(checked(), path)
    assert path.read_text().count(BEGIN) == 1
    assert path.read_text() != once
    control.reset()
    write_overlay(checked(), path)
    assert path.read_text() == once


@pytest.mark.parametrize(
    "text",
    [
        "models = [",
        "[models.pro]\nprices = []\n",
        "[models.pro]\nlifecycle = 'gone'\n",
        "\x00",
        "[[models]]\n",
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_as_it_is(control, tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RequestError, match="left as it is") as caught:
        write_overlay(checked(), path)
    assert "--write" in caught.value.hint
    assert path.read_text() == text
    assert [each.name for each in tmp_path.iterdir()] == ["mine.toml"]


def test_a_folder_is_not_a_catalog_file(control, tmp_path):
    with pytest.raises(RequestError, match="left as it is"):
        write_overlay(checked(), tmp_path)


def test_nothing_is_written_where_nothing_was_compared(control: AwsControlServer, tmp_path):
    control.deny("GetProducts", "ListFoundationModels", "ListInferenceProfiles")
    path = tmp_path / "mine.toml"
    check = checked()
    assert len(check.not_compared) == 3
    assert write_overlay(check, path) == 0
    assert tomllib.loads(path.read_text()) == {"as_of": DAY}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(usd=st.decimals("0.0001", "100", places=6), cached=st.decimals("0", "10", places=6))
def test_any_listed_price_is_read_back_to_the_last_digit(tmp_path, usd, cached):
    rates = ListedRates(usd, usd * 4, cached)
    found = {"lite": CheckedModel(prices={("us", "standard"): rates})}
    path = tmp_path / "prices.toml"
    write_overlay(CatalogCheck("us-east-1", DAY, (), (), found, 0), path)
    price = load_catalog(path, today=DAY).price("lite", "us")
    assert price.input_usd_per_mtok == usd
    assert price.output_usd_per_mtok == usd * 4
    assert price.cached_usd_per_mtok == cached
