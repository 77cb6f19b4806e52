"""The control plane of batches: what it is asked, what its errors mean, and what its lines say."""

import json
from collections.abc import Iterator

import pytest

from tests.support.bedrock_control_server import ROLE, STATUSES, BedrockControlServer
from tests.support.moto_s3 import S3Server
from tests.support.service_model import error_names
from workbench import errors
from workbench.backends.bedrock.account import Account
from workbench.backends.bedrock.batch import LEAST_RECORDS, TERMINAL, BedrockBatches
from workbench.backends.bedrock.batch_lines import read_answers, read_counts, read_output
from workbench.backends.bedrock.errors import POLICIES
from workbench.backends.catalog.file import load_catalog
from workbench.backends.protocol import ModelRequest

OPERATIONS = {
    "CreateModelInvocationJob": "begin",
    "GetModelInvocationJob": "look",
    "ListModelInvocationJobs": "find",
    "StopModelInvocationJob": "stop",
}
FOLDERS = {"input_uri": "s3://workbench-tests/asks/1", "output_uri": "s3://workbench-tests/tells/1"}


@pytest.fixture
def control(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockControlServer]:
    with BedrockControlServer(s3) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def batches(control: BedrockControlServer) -> BedrockBatches:
    return BedrockBatches(ROLE, Account(), sleep=lambda _: None)


def begun(batches: BedrockBatches, name: str = "workbench-1", token: str = "t1") -> str:
    return batches.begin(name, "us.amazon.nova-lite-v1:0", token=token, **FOLDERS)


def asked(batches: BedrockBatches, operation: str, arn: str) -> object:
    match OPERATIONS[operation]:
        case "begin":
            return begun(batches)
        case "look":
            return batches.look(arn)
        case "find":
            return batches.find("workbench-1")
    return batches.stop(arn)


@pytest.mark.parametrize(
    ("operation", "code"), [(op, code) for op in OPERATIONS for code in error_names("bedrock", op)]
)
def test_every_error_that_an_operation_declares_is_one_of_ours_with_a_hint(
    batches: BedrockBatches, control: BedrockControlServer, operation: str, code: str
):
    arn = begun(batches)
    control.requests.clear()
    control.script(*[code] * 6)
    with pytest.raises(errors.BackendError) as caught:
        asked(batches, operation, arn)
    assert caught.value.hint
    known = POLICIES.get(code.lower())
    if known is not None:
        assert isinstance(caught.value, known.error)
    again = STATUSES.get(code, 400) in (429, 500)
    assert control.requests.count(operation) == (4 if again else 1)


def test_a_denied_account_is_told_the_lines_that_its_policy_lacks(
    batches: BedrockBatches, control: BedrockControlServer
):
    control.script("AccessDeniedException")
    with pytest.raises(errors.AccessDenied) as caught:
        begun(batches)
    for action in ("bedrock:CreateModelInvocationJob", "iam:PassRole", ROLE):
        assert action in caught.value.hint


def test_the_same_token_is_the_same_batch_and_it_is_found_by_its_name(
    batches: BedrockBatches, control: BedrockControlServer
):
    arn = begun(batches)
    assert begun(batches) == arn
    assert batches.find("workbench-1") == arn
    assert batches.find("workbench") == ""
    assert len(control.batches) == 1


def test_a_batch_that_has_ended_can_be_stopped_without_an_error(
    batches: BedrockBatches, control: BedrockControlServer
):
    arn = begun(batches)
    control.batches[0].status = "Expired"
    batches.stop(arn)
    assert batches.look(arn).has_ended


def test_the_states_a_batch_ends_in_are_among_those_that_the_service_knows():
    from botocore.session import get_session

    model = get_session().get_service_model("bedrock")
    known = set(model.shape_for("ModelInvocationJobStatus").enum)
    assert known - TERMINAL == {
        "Submitted", "Validating", "Scheduled", "InProgress", "Stopping",
    }  # fmt: skip
    assert known > TERMINAL


def test_the_fewest_records_are_the_quota_of_the_very_model(
    batches: BedrockBatches, control: BedrockControlServer
):
    control.least_records = 42
    catalog = load_catalog()
    found = batches.least_records(catalog.get("lite"))
    assert (found.count, found.source) == (42, "the account's quota")
    # Its quota is not the one of Nova Lite.
    other = batches.least_records(catalog.get("2_lite"))
    assert other.count == LEAST_RECORDS
    assert "usual" in other.source
    assert control.requests == ["ListServiceQuotas"]


@pytest.mark.parametrize("ending", ["", " V1", " (Adjustable)"])
def test_the_quota_of_a_model_may_be_named_with_its_version(
    batches: BedrockBatches, monkeypatch: pytest.MonkeyPatch, ending: str
):
    name = f"Minimum number of records per batch inference job for Amazon Nova Lite{ending}"
    monkeypatch.setattr(Account, "quotas", lambda _: {name: 7.0})
    assert batches.least_records(load_catalog().get("lite")).count == 7


@pytest.mark.parametrize(
    "output",
    [
        {"output": None}, {"output": {"message": "words"}}, {"output": "words", "usage": {}},
        {"output": {"message": {"content": [5]}}}, {"output": {}, "usage": None},
        {"output": {}, "usage": {"inputTokens": "many"}}, {"error": True, "usage": [1]},
    ],
)  # fmt: skip
def test_an_answer_in_no_form_that_is_known_is_a_bad_reply_of_which_nobody_knows_the_price(
    output: dict[str, object],
):
    question = ModelRequest("analyse_chunk", "lite", "", {}, "report")
    with pytest.raises(errors.BadReply) as caught:
        read_output(output, question, "us.amazon.nova-lite-v1:0", 1.0)
    assert caught.value.billed is None


@pytest.mark.parametrize("role", ["", "batches", "arn:aws:iam::1:user/x"])
def test_a_role_is_named_by_its_arn(role: str):
    with pytest.raises(errors.SettingsError) as caught:
        BedrockBatches(role, Account()).require_role()
    assert "WORKBENCH_BEDROCK_BATCH_ROLE_ARN" in caught.value.hint


def test_lines_that_are_none_of_ours_are_left_out_and_odd_ones_count_as_failed():
    lines = [
        "", "not json", "[1]", '{"recordId": 5}', '{"modelOutput": {"a": 1}}',
        json.dumps({"recordId": "R1", "modelOutput": {"output": {}}}),
        json.dumps({"recordId": "R2", "modelOutput": {}}),
        json.dumps({"recordId": "R3", "error": "words"}),
        json.dumps({"recordId": "R4", "error": {"errorCode": 500, "errorMessage": "x" * 900}}),
        json.dumps({"recordId": "R5", "modelOutput": {"text": "a\u2028b"}}, ensure_ascii=False),
    ]  # fmt: skip
    found = {each.record_id: each for each in read_answers("\n".join(lines).encode())}
    assert list(found) == ["R1", "R2", "R3", "R4", "R5"]
    assert [bool(each.output) for each in found.values()] == [True, False, False, False, True]
    assert found["R2"].error == found["R3"].error == "NoOutput"
    assert (found["R4"].error, len(found["R4"].message)) == ("500", 500)


def test_a_manifest_that_says_nothing_is_no_count():
    assert read_counts(b"{}") is None
    assert read_counts(b"half of") is None
    assert read_counts(b"[]") is None
