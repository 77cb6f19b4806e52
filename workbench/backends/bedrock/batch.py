"""Batch inference of Amazon Bedrock: begin a batch, look at it, stop it.

boto3 sends each request once; one that only asks is repeated here, and so is the one that begins a
batch, because its token makes a repetition the same batch.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.backends.bedrock.account import Account, policy_line
from workbench.backends.bedrock.errors import failure_of
from workbench.backends.bedrock.session import open_session, sent_once
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.quotas import quotas_of
from workbench.errors import AccessDenied, BackendError, BadModelRequest, SettingsError

LEAST_RECORDS = 100
"""Fewest records of a batch, where Service Quotas does not say. AWS's pages name no number; this one
is in several descriptions by others (2026), not verified."""

MOST_RECORDS = 50_000
"""Most records of a batch (descriptions by others, 2026, not verified)."""

MOST_HOURS = 72
"""After so many hours Bedrock gives a batch up, as we ask it to; it allows 24 to 168."""

TERMINAL = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"})
"""States a batch does not leave (botocore's model of the service)."""

ROLE_HINT = (
    "set WORKBENCH_BEDROCK_BATCH_ROLE_ARN to a role that bedrock.amazonaws.com may assume and that"
    " may read and write the folder in S3; docs/aws.md has its policy"
)

READ_TIMEOUT_S = 30.0
"""How long a reply may keep silent."""

MOST_SENDS = 4
LONGEST_WAIT_S = 20.0
QUOTA_KEPT_S = 3600.0
QUOTA_FAILED_KEPT_S = 300.0

_ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::\d{12}:role/.+")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeastRecords:
    """The fewest records a batch may have."""

    count: int
    source: str
    """Where the number comes from, in words."""


@dataclass(frozen=True, slots=True)
class BatchLook:
    """A batch as Bedrock sees it."""

    state: str
    """Bedrock's own word: `Validating`, `InProgress`, `Completed` …"""
    message: str
    processed: int

    @property
    def has_ended(self) -> bool:
        """Is this a state it does not leave?"""
        return self.state in TERMINAL


class BedrockBatches:
    """Batches of one account and region. Safe for threads; the client is opened with the first use.

    Args:
        role_arn: The role Bedrock takes to read and write the folders.
        account: Asked for quotas, and where the region comes from.
        sleep: Waits between sends.
    """

    def __init__(
        self,
        role_arn: str,
        account: Account,
        *,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._role_arn = role_arn
        self._account = account
        self._sleep = sleep
        self._lock = threading.RLock()
        self._opened: Any = None
        self._quotas: dict[str, float] | None = None
        self._quotas_until = float("-inf")

    def require_role(self) -> None:
        """See that there is a role.

        Raises:
            SettingsError: None is set, or it is no ARN of a role.
        """
        if not self._role_arn:
            raise SettingsError("no role for batches is set", hint=ROLE_HINT)
        if not _ROLE.fullmatch(self._role_arn):
            raise SettingsError(f"{self._role_arn!r} is no ARN of a role", hint=ROLE_HINT)

    def least_records(self, model: ModelInfo) -> LeastRecords:
        """The fewest records a batch for a model may have: the account's quota, else a usual value.

        Args:
            model: The model; quotas are by its name.
        """
        # The quota is the model's, by whatever route it is called.
        least = quotas_of(model, "in-region", self._known_quotas()).least_batch_records
        if least is not None:
            return LeastRecords(least, "the account's quota")
        return LeastRecords(LEAST_RECORDS, "the usual quota; the account's could not be read")

    def begin(
        self, name: str, model_id: str, *, input_uri: str, output_uri: str, token: str
    ) -> str:
        """Begin a batch; returns its ARN. The same token again is the same batch.

        Args:
            name: Its name, at most 63 letters, digits and dashes.
            model_id: The model or inference profile.
            input_uri: The folder with the records and all their media, without a slash at the end.
            output_uri: The folder to write into.
            token: At most 256 letters and digits.

        Raises:
            BackendError: Bedrock refuses it, or did not answer: then it may have begun.
        """
        told = self._ask(
            "create_model_invocation_job",
            "bedrock:CreateModelInvocationJob",
            jobName=name,
            roleArn=self._role_arn,
            modelId=model_id,
            clientRequestToken=token,
            modelInvocationType="Converse",
            # With media by their address the folder is named, not the file of records.
            inputDataConfig={
                "s3InputDataConfig": {"s3Uri": f"{input_uri}/", "s3InputFormat": "JSONL"}
            },
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"{output_uri}/"}},
            timeoutDurationInHours=MOST_HOURS,
        )
        return str(told["jobArn"])

    def find(self, name: str) -> str:
        """The ARN of the batch with this name; empty if there is none.

        Raises:
            BackendError: Bedrock did not say.
        """
        more: dict[str, str] = {}
        while True:
            told = self._ask(
                "list_model_invocation_jobs",
                "bedrock:ListModelInvocationJobs",
                nameContains=name,
                **more,
            )
            for each in told.get("invocationJobSummaries", ()):
                if each["jobName"] == name:
                    return str(each["jobArn"])
            if not told.get("nextToken"):
                return ""
            more = {"nextToken": told["nextToken"]}

    def look(self, arn: str) -> BatchLook:
        """How far a batch is.

        Raises:
            BackendError: Bedrock did not say.
        """
        told = self._ask(
            "get_model_invocation_job", "bedrock:GetModelInvocationJob", jobIdentifier=arn
        )
        return BatchLook(
            str(told.get("status", "")),
            str(told.get("message", "")),
            int(told.get("processedRecordCount", 0) or 0),
        )

    def stop(self, arn: str) -> None:
        """Ask Bedrock to stop a batch; one that has ended already is no error.

        Raises:
            BackendError: Bedrock did not take it.
        """
        try:
            self._ask(
                "stop_model_invocation_job", "bedrock:StopModelInvocationJob", jobIdentifier=arn
            )
        except BadModelRequest:
            if not self.look(arn).has_ended:
                raise

    def _known_quotas(self) -> dict[str, float]:
        with self._lock:
            if self._quotas is None or time.monotonic() > self._quotas_until:
                kept_s = QUOTA_KEPT_S
                try:
                    self._quotas = self._account.quotas()
                except BackendError as error:
                    logger.info("quotas of batches are not known: %s", error.message)
                    self._quotas, kept_s = {}, QUOTA_FAILED_KEPT_S
                self._quotas_until = time.monotonic() + kept_s
            return self._quotas

    def _ask(self, operation: str, action: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        sends = 0
        while True:
            sends += 1
            try:
                told: dict[str, Any] = getattr(self._client(), operation)(**arguments)
            except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
                failure = failure_of(error)
                if sends >= min(MOST_SENDS, failure.policy.sends):
                    raised = failure.as_error(sends)
                    if isinstance(raised, AccessDenied):
                        raised.hint = _missing(action, self._role_arn)
                    raise raised from error
                wait_s = random.random() * min(LONGEST_WAIT_S, 2.0**sends)  # noqa: S311 - a pause
                self._sleep(max(failure.wait_s, wait_s))
            else:
                return told

    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                config, region = sent_once(READ_TIMEOUT_S), self._account.region
                self._opened = open_session().client("bedrock", region_name=region, config=config)
            return self._opened


def _missing(action: str, role_arn: str) -> str:
    hint = f"add to the policy: {policy_line(action)}"
    if action == "bedrock:CreateModelInvocationJob":
        hint += f" and {policy_line('iam:PassRole', role_arn)}"
    return hint
