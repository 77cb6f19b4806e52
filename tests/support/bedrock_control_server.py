"""Batch inference of Bedrock on loopback: rest-json over HTTP, with records and media in S3.

It really reads what lies in S3, holds every record against the rules of the online service, and
writes its answers beside. A batch goes on by one state with each look at it.

    with BedrockControlServer(s3) as control:
        control.fails = lambda number, received: number == 3
        ...                                  # set `control.environment()`
        assert control.input_tokens == what the ledger says
"""

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.bedrock_rules import LETTERS_PER_TOKEN, Received, Refusal, checked
from tests.support.hosted_batch import ACCOUNT, HostedBatch
from tests.support.loopback import LoopbackHandler, LoopbackServer, aws_environment
from tests.support.moto_s3 import S3Server
from tests.support.nova_answers import answer_to
from tests.support.service_model import faults_of

ROLE = f"arn:aws:iam::{ACCOUNT}:role/batches"
PATH = "/model-invocation-job"
SCHEMA_MARK = "JSON schema:\n"
STATES = ("Submitted", "Validating", "Scheduled", "InProgress")
STATUSES = {
    "ThrottlingException": 429,
    "InternalServerException": 500,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ConflictException": 400,
}


class BatchError(Exception):
    """Ends a request with an error of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BedrockControlServer(LoopbackServer):
    """The server: started by `with`. What it does can be changed at any time."""

    def __init__(self, s3: S3Server, *, least_records: int = 100) -> None:
        super().__init__(_Handler)
        self.s3 = s3
        self.least_records = least_records
        self.answer: Callable[[Received], Any] = answer_to
        """Gives the answer; a text is written as it is."""
        self.fails: Callable[[int, Received], bool] = lambda number, received: False
        """Says of a record, counted from 1 in the order of the file, whether it fails."""
        self.held_at: int | None = None
        """While set, batches stay in progress with so many records done."""
        self.ends_as = ""
        """`Expired`, `Failed` or `Stopped` in place of an ordinary end."""
        self.cut_after_begin = False
        """Begin the next batch, and hang up before saying so."""
        self.batches: list[HostedBatch] = []
        self.requests: list[str] = []
        """Operations in order."""
        self.input_tokens = self.output_tokens = 0
        """Billed for records that were answered."""
        self.prompts: list[str] = []
        """What records that were answered or failed have asked."""
        self._errors: deque[str] = deque()
        self._lock = threading.RLock()

    def environment(self) -> dict[str, str]:
        """What a process needs to know to make batches here, and nothing else of AWS."""
        folder = f"s3://{self.s3.bucket}/nova"
        return {
            **self.s3.environment(),
            **aws_environment(self.url, "BEDROCK", "SERVICE_QUOTAS"),
            "BEDROCK_BATCH_ROLE_ARN": ROLE,
            "NOVA_BATCH_INPUT_PREFIX": f"{folder}/asks",
            "NOVA_BATCH_OUTPUT_PREFIX": f"{folder}/tells",
        }

    def script(self, *codes: str) -> None:
        """Answer the next requests with these errors, one each."""
        with self._lock:
            self._errors.extend(codes)

    def go_on(self) -> None:
        """Let batches that were held end."""
        self.held_at = None

    def reply(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        """The body of the reply to a request.

        Raises:
            BatchError: The service refuses.
        """
        with self._lock:
            self.requests.append(operation)
            if self._errors:
                code = self._errors.popleft()
                raise BatchError(code, f"{operation} has failed on command.")
            match operation:
                case "CreateModelInvocationJob":
                    return {"jobArn": self._begun(given).arn}
                case "GetModelInvocationJob":
                    batch = self._named(given)
                    self._step(batch)
                    return batch.told()
                case "ListModelInvocationJobs":
                    part = given.get("nameContains", "")
                    found = [batch.told() for batch in self.batches if part in batch.name]
                    return {"invocationJobSummaries": found}
                case "StopModelInvocationJob":
                    batch = self._named(given)
                    if batch.status not in STATES:
                        raise BatchError("ConflictException", f"The job is {batch.status}.")
                    batch.status = "Stopping"
                    return {}
                case "ListServiceQuotas":
                    name = "Minimum number of records per batch inference job for Nova Lite"
                    return {"Quotas": [{"QuotaName": name, "Value": float(self.least_records)}]}
        raise BatchError("UnknownOperationException", operation)

    def _begun(self, given: dict[str, Any]) -> HostedBatch:
        for batch in self.batches:
            if batch.asked["clientRequestToken"] == given["clientRequestToken"]:
                if batch.asked != given:
                    raise BatchError("ConflictException", "The token was used for another job.")
                return batch
            if batch.name == given["jobName"]:
                raise BatchError("ConflictException", "The job name is taken.")
        if given.get("modelInvocationType") != "Converse":
            raise BatchError("ValidationException", "Only Converse records are served here.")
        batch = HostedBatch(f"{len(self.batches) + 1:012}", given)
        self.batches.append(batch)
        return batch

    def _named(self, given: dict[str, Any]) -> HostedBatch:
        for batch in self.batches:
            if given["jobIdentifier"] in (batch.arn, batch.id):
                return batch
        raise BatchError("ResourceNotFoundException", "There is no such job.")

    def _step(self, batch: HostedBatch) -> None:
        """Bring a batch to its next state."""
        if batch.status == "Stopping":
            self._finish(batch, "Stopped", most=self.held_at or 0)
        elif batch.status == "InProgress":
            if self.held_at is not None:
                batch.processed = self.held_at
            else:
                self._finish(batch, self.ends_as)
        elif batch.status in STATES:
            batch.status = STATES[STATES.index(batch.status) + 1]
            if batch.status == "InProgress":
                self._validate(batch)

    def _validate(self, batch: HostedBatch) -> None:
        """See that there are records, all media in their folder, and enough of them."""
        try:
            records = batch.records(self.s3)
        except ValueError as error:
            batch.status, batch.message = "Failed", str(error)
            return
        batch.total = len(records)
        if batch.total < self.least_records:
            batch.status = "Failed"
            batch.message = (
                f"The batch has {batch.total} records; it needs at least {self.least_records}."
            )

    def _finish(self, batch: HostedBatch, ends_as: str, most: int | None = None) -> None:
        """Answer records and write what came of them; of a batch that does not end well, a part."""
        if ends_as == "Failed":
            batch.status, batch.message = "Failed", "The role cannot read the folder."
            return
        records = batch.records(self.s3) if batch.total else []
        if ends_as == "Expired":
            most = len(records) // 2
            batch.message = "The job has reached its time limit."
        done = records if most is None else records[:most]
        objects = {f"s3://{self.s3.bucket}/{k}": v for k, v in self.s3.objects().items()}

        def read(uri: str) -> tuple[bytes, str]:
            return objects[uri].data, objects[uri].content_type

        lines, tokens = [], [0, 0]
        for number, record in enumerate(done, 1):
            told, used = self._answered(batch, number, record, read)
            lines.append(json.dumps({**record, **told}, ensure_ascii=False))
            tokens = [sum(each) for each in zip(tokens, used, strict=True)]
            batch.succeeded += "modelOutput" in told
            batch.failed += "error" in told
        random.Random(batch.id).shuffle(lines)
        batch.processed = len(done)
        batch.write(self.s3, lines, tokens)
        self.input_tokens += tokens[0]
        self.output_tokens += tokens[1]
        # In part only where both came of it.
        is_partial = 0 < batch.failed < batch.processed
        batch.status = ends_as or ("PartiallyCompleted" if is_partial else "Completed")

    def _answered(
        self,
        batch: HostedBatch,
        number: int,
        record: dict[str, Any],
        read: Callable[[str], tuple[bytes, str]],
    ) -> tuple[dict[str, Any], tuple[int, int]]:
        """What is written beside a record, and its tokens."""
        body = record["modelInput"]
        try:
            received = _checked_record(batch.asked["modelId"], body, read)
        except Refusal as refusal:
            return _failed(refusal.kind, str(refusal)), (0, 0)
        schema = json.loads(received.prompt.partition(SCHEMA_MARK)[2])
        received = replace(received, schema=schema)
        self.prompts.append(received.prompt)
        if self.fails(number, received):
            return _failed("InternalServerException", "The record could not be processed."), (0, 0)
        answer = self.answer(received)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        used = (received.input_tokens, max(1, len(text) // LETTERS_PER_TOKEN))
        output = {
            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
            "stopReason": "end_turn",
            "usage": {
                "inputTokens": used[0], "outputTokens": used[1], "totalTokens": sum(used)
            },
            "metrics": {"latencyMs": 5},
        }  # fmt: skip
        return {"modelOutput": output}, used


def _checked_record(
    model_id: str, body: dict[str, Any], read: Callable[[str], tuple[bytes, str]]
) -> Received:
    wrong = faults_of("bedrock-runtime", "Converse", {**body, "modelId": model_id})
    if wrong or "toolConfig" in body:
        raise Refusal("; ".join(wrong) or "toolConfig is not supported in a batch.")
    return checked(model_id, body, read)


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"error": {"errorCode": code, "errorMessage": message}}


class _Handler(LoopbackHandler[BedrockControlServer]):
    def get(self) -> None:
        url = urlsplit(self.path)
        if url.path == f"{PATH}s":
            given: dict[str, Any] = {k: each[0] for k, each in parse_qs(url.query).items()}
            self._serve("bedrock", "ListModelInvocationJobs", given)
        else:
            name = unquote(url.path.removeprefix(f"{PATH}/"))
            self._serve("bedrock", "GetModelInvocationJob", {"jobIdentifier": name})

    def post(self) -> None:
        body = self.body()
        target = self.headers.get("X-Amz-Target", "")
        if target:
            self._serve("service-quotas", target.partition(".")[2], json.loads(body))
        elif self.path.endswith("/stop"):
            name = unquote(self.path.removeprefix(f"{PATH}/").removesuffix("/stop"))
            self._serve("bedrock", "StopModelInvocationJob", {"jobIdentifier": name})
        else:
            self._serve("bedrock", "CreateModelInvocationJob", json.loads(body))

    def _serve(self, service: str, operation: str, given: dict[str, Any]) -> None:
        if not self.is_signed():
            self._refuse(403, "MissingAuthenticationTokenException", "Not signed")
            return
        if wrong := faults_of(service, operation, given):
            self._refuse(400, "ValidationException", "; ".join(wrong))
            return
        try:
            told = self.owner.reply(operation, given)
        except BatchError as error:
            self._refuse(STATUSES.get(error.code, 400), error.code, str(error))
            return
        if operation == "CreateModelInvocationJob" and self.owner.cut_after_begin:
            self.owner.cut_after_begin = False
            self.drop()
            return
        self.send_json(200, told)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.send_json(status, {"message": message}, {"x-amzn-errortype": code})


def wait_until(is_so: Callable[[], Any], timeout_s: float = 120.0) -> None:
    """Wait until something is so; fail after a while."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)
