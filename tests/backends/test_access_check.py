"""What the account can do, part by part: each fault has a line of its own with its cure."""

import json
from datetime import date

import pytest

from tests.support.aws_control_server import AwsControlServer
from tests.support.moto_s3 import S3Server
from tests.support.transcribe_server import TranscribeServer
from workbench.backends.bedrock.access_check import AccessFinding, BatchPlace, check_access
from workbench.backends.bedrock.account import Account
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.quotas import quotas_of
from workbench.backends.services.transcribe import Transcribe

DAY = date(2026, 11, 21)
LITE = "amazon.nova-lite-v1:0"
ROLE = "arn:aws:iam::123456789012:role/service/batches"


@pytest.fixture(scope="module")
def accounts() -> dict[str, Account]:
    """Region → account, one for all tests: opening boto3's clients takes longer than most."""
    return {}


@pytest.fixture
def look(s3: S3Server, control: AwsControlServer, accounts: dict[str, Account]):
    """A function that looks at everything, and gives the findings by name."""

    def findings(region: str = "us-east-1", **more) -> dict[str, AccessFinding]:
        account = accounts.setdefault(region, Account(region))
        found = list(check_access(account, load_catalog(today=DAY), **more))
        assert len({finding.name for finding in found}) == len(found)
        return {finding.name: finding for finding in found}

    return findings


def test_an_account_that_may_do_everything_has_no_fault(look, s3):
    s3.write("in/a.mp4", b"film", "video/mp4")
    found = look(
        staging_uri=f"s3://{s3.bucket}/staging",
        batch=BatchPlace(ROLE, f"s3://{s3.bucket}/in", f"s3://{s3.bucket}/out"),
    )
    assert {finding.state for finding in found.values()} == {"ok"}
    assert list(found) == [
        *("Credentials", "Region"),
        *("Model 2_lite", "Model lite", "Model pro", "Model micro", "Clock"),
        *("Quota 2_lite", "Quota lite", "Quota pro", "Quota micro"),
        *("Staging", "Batch role", "Batch input", "Batch output"),
    ]
    assert "Account 123456789012" in found["Credentials"].finding
    assert "answered in us-east-1, us-west-2" in found["Model pro"].finding
    assert "1 objects" in found["Batch input"].finding
    assert list(s3.objects()) == ["in/a.mp4"]


def test_what_is_not_set_up_is_off_and_no_fault(look):
    found = look()
    assert (found["Staging"].state, found["Batches"].state) == ("off", "off")
    assert "WORKBENCH_STAGING_URI" in found["Staging"].hint
    assert "BEDROCK_BATCH_ROLE_ARN" in found["Batches"].hint


def test_no_model_is_called(look, control):
    look()
    assert control.operations() == {
        "ListFoundationModels",
        "ListInferenceProfiles",
        "GetFoundationModelAvailability",
        "ListServiceQuotas",
    }


def test_without_credentials_the_rest_is_not_looked_at(look, control, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    found = {f.name: f for f in check_access(Account("us-east-1"), load_catalog(today=DAY))}
    assert {name: finding.state for name, finding in found.items()} == {
        "Credentials": "fail",
        "Clock": "off",
        "The rest": "off",
    }
    assert "aws configure" in found["Credentials"].hint
    assert control.asked == []


def test_where_sts_cannot_be_reached_the_rest_is_looked_at(control, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    found = {f.name: f for f in check_access(Account("us-east-1"), load_catalog(today=DAY))}
    assert found["Credentials"].state == "warn"
    assert found["Model lite"].state == "ok"


def test_a_profile_that_does_not_exist_is_named(control, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    found = list(check_access(Account(), load_catalog(today=DAY)))
    assert found[0].state == "fail"
    assert "nobody" in found[0].finding


def test_a_region_without_bedrock_is_a_warning(look):
    found = look("us-east-7")
    assert found["Region"].state == "warn"
    assert "WORKBENCH_AWS_REGION" in found["Region"].hint


@pytest.mark.parametrize(
    ("behind_s", "state", "side"),
    [(0, "ok", "same"), (90, "warn", "ahead of"), (-90, "warn", "behind"), (400, "fail", "ahead")],
)
def test_the_clock_is_compared_with_the_services(look, control, behind_s, state, side):
    control.clock_behind_s = behind_s
    finding = look()["Clock"]
    assert finding.state == state
    assert side in finding.finding
    assert bool(finding.hint) == (state != "ok")


@pytest.mark.parametrize(
    ("told", "says", "cure"),
    [
        ({"agreement": "NOT_AVAILABLE"}, "terms are not accepted", "Model access"),
        ({"entitlement": "NOT_AVAILABLE"}, "no access to it", "Model access"),
        ({"authorization": "NOT_AUTHORIZED"}, "may not call it", "bedrock:InvokeModel"),
    ],
)
def test_a_model_that_may_not_be_used_is_named_with_the_reason(look, control, told, says, cure):
    control.account.access[LITE] = told
    finding = look()["Model lite"]
    assert finding.state == "fail"
    assert says in finding.finding
    assert cure in finding.hint


def test_the_line_that_allows_a_model_names_the_profile_and_every_region_it_leads_to(look, control):
    control.account.access[LITE] = {"authorization": "NOT_AUTHORIZED"}
    statement = json.loads(look()["Model lite"].hint.removeprefix("allow ").strip("`"))
    assert statement["Action"] == "bedrock:InvokeModel"
    assert statement["Resource"] == [
        f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{LITE}",
        f"arn:aws:bedrock:us-east-1::foundation-model/{LITE}",
        f"arn:aws:bedrock:us-west-2::foundation-model/{LITE}",
    ]


def test_a_model_by_profile_need_not_be_in_the_region_itself(look, control):
    control.account.access["amazon.nova-2-lite-v1:0"] = {"region": "NOT_AVAILABLE"}
    assert look()["Model 2_lite"].state == "ok"


def test_a_route_without_a_profile_here_is_named_with_the_setting(look, control):
    del control.account.profiles["global.amazon.nova-2-lite-v1:0"]
    finding = look()["Model 2_lite"]
    assert finding.state == "fail"
    assert "no inference profile global.amazon.nova-2-lite-v1:0 in us-east-1" in finding.finding
    assert "WORKBENCH_NOVA_ROUTE" in finding.hint


def test_a_route_that_a_model_does_not_have_is_named(look):
    found = look(route="in-region")
    assert found["Model 2_lite"].state == "fail"
    assert "no route 'in-region'" in found["Model 2_lite"].finding
    assert found["Model pro"].state == "ok"
    assert "Quota 2_lite" not in found


def test_a_bare_id_that_the_region_offers_by_profile_only_is_named(look, control):
    control.account.models[LITE]["inferenceTypesSupported"] = ["INFERENCE_PROFILE"]
    del control.account.models["amazon.nova-pro-v1:0"]
    found = look(route="in-region")
    assert "by profile only" in found["Model lite"].finding
    assert "not offered in us-east-1" in found["Model pro"].finding


@pytest.mark.parametrize(
    ("operation", "line", "action"),
    [
        ("ListFoundationModels", "Model list", "bedrock:ListFoundationModels"),
        ("ListInferenceProfiles", "Profile list", "bedrock:ListInferenceProfiles"),
        (
            "GetFoundationModelAvailability",
            "Model lite",
            "bedrock:GetFoundationModelAvailability",
        ),
        ("ListServiceQuotas", "Quotas", "servicequotas:ListServiceQuotas"),
    ],
)
def test_what_may_not_be_asked_is_named_with_its_policy_line(
    look, control, operation, line, action
):
    control.deny(operation)
    found = look()
    assert found[line].state in {"warn", "fail"}
    assert f'"Action": "{action}"' in found[line].hint
    assert found["Clock"].state == "ok"
    assert found["Batches"].state == "off"


def test_quotas_are_offered_as_limits(look):
    found = look()
    assert found["Quota lite"].hint.endswith(
        "workbench queues lite --requests 100 --tokens 200000`"
    )
    assert "100 records at least in a batch" in found["Quota lite"].finding
    assert found["Quota 2_lite"].hint.endswith("workbench queues 2_lite --tokens 8000000`")


def test_a_quota_of_zero_is_a_fault_and_none_at_all_a_warning(look, control):
    name = "Cross-region model inference tokens per minute for Amazon Nova Lite"
    control.account.quotas[name] = 0.0
    for each in [name for name in control.account.quotas if name.endswith("Amazon Nova Pro")]:
        del control.account.quotas[each]
    found = look()
    assert found["Quota lite"].state == "fail"
    assert "Service Quotas" in found["Quota lite"].hint
    assert found["Quota pro"].state == "warn"


def test_a_quota_counts_for_its_model_and_route_only(control):
    catalog = load_catalog(today=DAY)
    quotas = control.account.quotas
    assert quotas_of(catalog.get("2_lite"), "global", quotas).tokens_per_minute == 8_000_000
    assert quotas_of(catalog.get("2_lite"), "us", quotas).tokens_per_minute == 200_000
    assert quotas_of(catalog.get("lite"), "global", quotas).tokens_per_minute is None
    assert not quotas_of(catalog.get("lite"), "us", {}).is_closed


def test_a_part_that_does_not_answer_does_not_hold_up_the_others(look, control):
    control.hang("ListServiceQuotas")
    found = look(part_s=3)
    assert found["Quotas"].finding == "No answer within 3 s."
    assert found["Batches"].state == "off"


@pytest.mark.parametrize(
    ("allowed", "missing"),
    [
        (("s3:ListBucket", "s3:GetObject"), "s3:PutObject"),
        (("s3:PutObject", "s3:ListBucket"), "s3:GetObject"),
        (("s3:PutObject", "s3:ListBucket", "s3:GetObject"), "s3:DeleteObject"),
    ],
)
def test_a_staging_folder_is_tried_and_the_missing_action_named(
    s3, control, monkeypatch, allowed, missing
):
    with s3.allowing(*allowed, "sts:GetCallerIdentity") as keys:
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        uri = f"s3://{s3.bucket}/staging"
        found = {
            f.name: f
            for f in check_access(Account("us-east-1"), load_catalog(today=DAY), staging_uri=uri)
        }
    assert found["Staging"].state == "fail"
    assert missing in found["Staging"].hint
    for key in s3.objects():
        assert key.startswith("staging/checks/")
    s3.reset()


@pytest.mark.parametrize(
    ("batch", "line", "says"),
    [
        (BatchPlace(ROLE), "Batches", "No folder in S3 is set"),
        (BatchPlace("batches", "s3://b/in", "s3://b/out"), "Batch role", "not the ARN of a role"),
        (
            BatchPlace(ROLE.replace("123456789012", "999999999999"), "s3://b/in", "s3://b/out"),
            "Batch role",
            "account 999999999999",
        ),
        (BatchPlace(ROLE, "films/in", "s3://b/out"), "Batch input", "not the address"),
        (BatchPlace(ROLE, "s3://nobodys-bucket/in", "s3://b/out"), "Batch input", "NoSuchBucket"),
    ],
)
def test_what_is_wrong_with_batches_is_named(look, batch, line, says):
    finding = look(batch=batch)[line]
    assert finding.state == "fail"
    assert says in finding.finding
    assert finding.hint


def test_a_transcriber_at_aws_is_looked_at_where_it_is_chosen(look, s3, monkeypatch):
    with TranscribeServer(s3.read, s3.write) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_TRANSCRIBE", server.url)
        chosen = Transcribe("us-east-1")
        place = f"s3://{s3.bucket}/staging"
        assert look(staging_uri=place, transcribe=chosen)["Transcribe"].state == "ok"
        assert "WORKBENCH_STAGING_URI" in look(transcribe=chosen)["Transcribe"].hint
        server.script("GetTranscriptionJob", "AccessDeniedException")
        refused = look(staging_uri=place, transcribe=chosen)["Transcribe"]
        assert (refused.state, refused.hint) == ("fail", "allow transcribe:GetTranscriptionJob")
        assert server.jobs == []
    assert "Transcribe" not in look(staging_uri=place)


def test_a_folder_for_films_is_tried_where_one_is_set(look, s3):
    uri = f"s3://{s3.bucket}/films"
    found = look(publish_uri=uri)
    assert found["Films"].state == "ok"
    assert uri in found["Films"].finding
    assert "Films" not in look()


def test_a_folder_for_films_that_may_not_be_written_names_the_action(s3, control, monkeypatch):
    with s3.allowing("s3:GetObject", "sts:GetCallerIdentity") as keys:
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        uri = f"s3://{s3.bucket}/films"
        found = {
            f.name: f
            for f in check_access(Account("us-east-1"), load_catalog(today=DAY), publish_uri=uri)
        }
    assert found["Films"].state == "fail"
    assert "s3:PutObject" in found["Films"].hint
