"""The policies of docs/aws.md allow what the code asks for, and nothing else."""

import ast
import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from workbench.backends.services import polly, transcribe
from workbench.backends.services.rekognition_wire import DETECTIONS
from workbench.cli import COMMANDS, parser_of
from workbench.settings import Settings

SERVICES = (
    *("bedrock", "bedrock-runtime", "pricing", "service-quotas"),
    *("sts", "s3", "rekognition", "transcribe", "polly"),
)
OTHER_NAMES = {
    "Converse": {"bedrock:InvokeModel"},
    "ConverseStream": {"bedrock:InvokeModelWithResponseStream"},
    "CreateModelInvocationJob": {"bedrock:CreateModelInvocationJob", "iam:PassRole"},
    "GetCallerIdentity": set(),
    "ListObjectsV2": {"s3:ListBucket"},
    "HeadObject": {"s3:GetObject"},
    "CopyObject": {"s3:GetObject", "s3:PutObject"},
    "DeleteObjects": {"s3:DeleteObject"},
}
"""Operation → actions, where they are not called the same."""
HELPERS = {"upload_file": {"s3:PutObject", "s3:AbortMultipartUpload"}}
"""What boto3 offers on top of operations."""


@pytest.fixture(scope="module")
def policies(project: Path) -> dict[str, list[dict]]:
    """Heading → the statements of the policy below it."""
    text = (project / "docs" / "aws.md").read_text(encoding="utf-8")
    found = re.findall(
        r"^### (.+?)$(?:(?!^### ).)*?^```json$(.+?)^```$", text, re.MULTILINE | re.DOTALL
    )
    return {heading: json.loads(block)["Statement"] for heading, block in found}


def actions(statements: list[dict]) -> set[str]:
    found: set[str] = set()
    for statement in statements:
        given = statement["Action"]
        found |= {given} if isinstance(given, str) else set(given)
    return found


def words(path: Path) -> set[str]:
    """Names of attributes, and texts, in a module that knows boto3; none in others."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    if not imported & {"boto3", "botocore"}:
        return set()
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return found | {text for text in texts if isinstance(text, str)}


def used(project: Path) -> set[str]:
    """Every action that the code needs."""
    said = set().union(*(words(path) for path in (project / "workbench").rglob("*.py")))
    for detection in DETECTIONS.values():
        operations = (f"Start{detection.operation}", f"Get{detection.operation}")
        said |= {xform_name(name) for name in (*operations, detection.image_operation) if name}
    operations = (transcribe.START, transcribe.LOOK, polly.VOICES, polly.SPEAK)
    said |= set(map(xform_name, operations))
    found = set().union(*(needs for helper, needs in HELPERS.items() if helper in said))
    for service in SERVICES:
        model = botocore.session.get_session().get_service_model(service)
        for name in model.operation_names:
            if xform_name(name) in said:
                found |= OTHER_NAMES.get(name, {f"{model.signing_name}:{name}"})
    return found


def test_the_policies_allow_exactly_what_the_code_asks_for(project: Path, policies):
    allowed = set().union(
        *(actions(each) for name, each in policies.items() if "role of batches" not in name)
    )
    assert allowed == used(project)


def test_every_action_is_one_that_the_service_has(policies):
    known = {"iam:PassRole", "sts:AssumeRole", *(set().union(*OTHER_NAMES.values()))}
    known |= set().union(*HELPERS.values())
    for service in SERVICES:
        model = botocore.session.get_session().get_service_model(service)
        known |= {f"{model.signing_name}:{name}" for name in model.operation_names}
    assert set().union(*map(actions, policies.values())) <= known


def test_the_role_of_batches_is_for_bedrock_and_for_batches_of_one_account_only(policies):
    (trust,) = policies["The role of batches: who may take it"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    (source,) = trust["Condition"]["ArnLike"].values()
    assert source.endswith(":123456789012:model-invocation-job/*")
    assert actions(policies["The role of batches: what it may do"]) == {
        *("s3:GetObject", "s3:PutObject", "s3:ListBucket", "bedrock:InvokeModel")
    }


def test_no_policy_allows_everything_of_a_service_or_writes_everywhere(policies):
    for statements in policies.values():
        for statement in statements:
            assert statement["Effect"] == "Allow"
            assert "Principal" in statement or "Resource" in statement
        assert not any("*" in action for action in actions(statements))
        for statement in statements:
            if actions([statement]) & {"s3:PutObject", "s3:DeleteObject", "bedrock:InvokeModel"}:
                assert statement["Resource"] != "*"


def test_the_document_names_settings_and_commands_that_exist(project: Path):
    text = (project / "docs" / "aws.md").read_text(encoding="utf-8")
    settings = {f"WORKBENCH_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"WORKBENCH_[A-Z0-9_]+", text)) <= settings
    for name, option in re.findall(r"workbench ([a-z]+)(?: [\w.]+)* (--[a-z-]+)", text):
        assert name in COMMANDS
        assert option in parser_of(name).format_help()


def test_every_missing_line_a_check_can_name_is_in_the_document(policies):
    from workbench.backends.bedrock import account as bedrock_account

    questions = [
        value for value in vars(bedrock_account).values()
        if isinstance(value, bedrock_account.Question) and value.action
    ]  # fmt: skip
    assert {question.action for question in questions} <= actions(policies["Look at the account"])
