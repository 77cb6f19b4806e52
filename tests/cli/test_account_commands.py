"""`models --check`, `doctor --aws`, and a user's own prices, as they are given and printed."""

import pytest

from tests.support.aws_control_server import AwsControlServer

MINE = """
[[models.lite.prices]]
route = "us"
input_usd_per_mtok = "600"
output_usd_per_mtok = "2400"
as_of = 2026-11-01
source = "our contract"
"""


def cells(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()]


def test_a_check_prints_what_differs_and_writes_nothing(run, control, desk, files_in):
    control.account.prices["Nova Pro", "output-tokens"] = ("0.004", "1K tokens")
    before = files_in(desk)
    done = run("models", "--check")
    assert done.code == 0
    assert done.out.splitlines()[0].split() == [
        *("what", "model", "where", "catalog", "us-east-1", "now")
    ]
    said = " ".join(done.out.split())
    assert "price differs pro us standard $0.8 / $3.2, cached $0.2 $0.8 / $4, cached $0.2" in said
    assert files_in(desk) == before


def test_a_check_as_json_has_every_difference(run, control: AwsControlServer, has_shape):
    control.account.profiles["global.amazon.nova-pro-v1:0"] = ("",)
    told = run("models", "--check", "--json").json
    has_shape(
        told,
        {
            "region": str,
            "checked_on": str,
            "agreed": int,
            "differences": [{"kind": str, "model": str, "where": str, "ours": str, "theirs": str}],
            "written_prices": int,
        },
    )
    assert ("id new", "pro", "global") in [
        (d["kind"], d["model"], d["where"]) for d in told["differences"]
    ]


def test_a_check_writes_a_file_of_ones_own_that_then_counts(run, control, desk, monkeypatch):
    control.account.prices["Nova Pro", "output-tokens"] = ("0.004", "1K tokens")
    done = run("models", "--check", "--write", "mine.toml")
    assert done.code == 0
    assert " prices written to mine.toml." in done.out
    assert "WORKBENCH_CATALOG_FILE=mine.toml" in done.out
    monkeypatch.setenv("WORKBENCH_CATALOG_FILE", str(desk / "mine.toml"))
    again = run("models", "--check", "--write", "mine.toml")
    assert "price differs" not in again.out
    assert "WORKBENCH_CATALOG_FILE" not in again.out
    (pro,) = [model for model in run("models", "--json").json if model["key"] == "pro"]
    (price,) = [p for p in pro["prices"] if (p["route"], p["tier"]) == ("us", "standard")]
    assert (price["output_usd_per_mtok"], price["verified"]) == ("4", True)
    assert price["source"] == "AWS Price List API, us-east-1"


def test_writing_needs_a_check(run):
    done = run("models", "--write", "mine.toml")
    assert done.code == 2
    assert "--check" in done.err


def test_a_check_without_credentials_says_how_to_get_them(run):
    done = run("models", "--check")
    assert (done.code, done.out) == (1, "")
    assert "No AWS credentials were found." in done.err
    assert "aws configure" in done.err


def test_a_check_with_some_permissions_ends_with_1_and_the_missing_line(run, control):
    control.deny("GetProducts")
    done = run("models", "--check")
    assert done.code == 1
    assert "Not compared:\n  prices: Price List: AccessDeniedException" in done.out
    assert '{"Effect": "Allow", "Action": "pricing:GetProducts", "Resource": "*"}' in done.out
    assert " the same, in us-east-1" in done.out


def test_the_doctor_looks_at_the_account_line_by_line(run, s3, control, monkeypatch):
    monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/staging")
    done = run("doctor", "--aws")
    assert done.code == 0
    states = {
        line[6:19].strip(): line[:5].strip() for line in done.out.splitlines() if line[0] != " "
    }
    assert states["Credentials"] == "ok"
    assert states["Staging"] == "ok"
    assert states["Batches"] == "off"
    assert "workbench queues lite --requests 100 --tokens 200000" in done.out


def test_the_doctor_ends_with_1_where_something_is_missing(run, s3, control, has_shape):
    control.deny("ListServiceQuotas")
    done = run("doctor", "--aws", "--json")
    assert done.code == 1
    has_shape(done.json, [{"name": str, "state": str, "finding": str, "hint": str}])
    (quotas,) = [each for each in done.json if each["name"] == "Quotas"]
    assert "servicequotas:ListServiceQuotas" in quotas["hint"]


def test_the_doctor_says_so_without_credentials(run):
    done = run("doctor", "--aws")
    assert done.code == 1
    assert done.out.startswith("fail  Credentials   No AWS credentials were found.")
    assert "off   The rest" in done.out


def test_a_price_of_ones_own_is_what_an_estimate_counts_with(run, analysed, desk, monkeypatch):
    words = ("estimate", "talk.mp4", "--engine", "nova", "--model", "lite", "--json")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    before = run(*words).json
    (desk / "mine.toml").write_text(MINE)
    monkeypatch.setenv("WORKBENCH_CATALOG_FILE", str(desk / "mine.toml"))
    after = run(*words).json
    assert after["cost_usd"] == pytest.approx(before["cost_usd"] * 10_000)


@pytest.mark.parametrize(
    ("alias", "key"), [("pro_2_preview", "2_pro_preview"), ("omni_2_preview", "2_omni_preview")]
)
def test_a_model_is_found_by_the_other_order_of_its_name(run, analysed, alias, key):
    told = run("estimate", "talk.mp4", "--engine", "nova", "--model", alias, "--json").json
    assert told["model"] == key
    assert any("preview" in warning for warning in told["warnings"])
    assert run("queues", alias, "--requests", 9).code == 0
    limits = {limit["model"]: limit for limit in run("queues", "--json").json["limits"]}
    assert limits[key]["requests_per_minute"] == 9
    assert alias not in limits


def test_a_retired_model_cannot_be_chosen(run, analysed):
    done = run("estimate", "talk.mp4", "--engine", "nova", "--model", "premier")
    assert done.code == 2
    assert done.problem == "Nova Premier is retired since 2026-09-14 and does not answer"
