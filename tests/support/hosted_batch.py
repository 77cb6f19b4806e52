"""A batch as Bedrock keeps it: what was asked, how far it is, and its records and answers in S3."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.moto_s3 import S3Server

REGION = "us-east-1"
ACCOUNT = "123456789012"


@dataclass
class HostedBatch:
    """A batch as the service keeps it."""

    id: str
    asked: dict[str, Any]
    """The request it was begun by."""
    status: str = "Submitted"
    message: str = ""
    submitted_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    total: int = 0
    processed: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def arn(self) -> str:
        return f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-invocation-job/{self.id}"

    @property
    def name(self) -> str:
        return str(self.asked["jobName"])

    @property
    def input_uri(self) -> str:
        return str(self.asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])

    @property
    def output_uri(self) -> str:
        return str(self.asked["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])

    def told(self) -> dict[str, Any]:
        """What the service says of it."""
        told = {
            "jobArn": self.arn,
            "jobName": self.name,
            "modelId": self.asked["modelId"],
            "roleArn": self.asked["roleArn"],
            "status": self.status,
            "submitTime": self.submitted_at.isoformat(),
            "inputDataConfig": self.asked["inputDataConfig"],
            "outputDataConfig": self.asked["outputDataConfig"],
            "modelInvocationType": "Converse",
            "totalRecordCount": self.total,
            "processedRecordCount": self.processed,
            "successRecordCount": self.succeeded,
            "errorRecordCount": self.failed,
        }
        return {**told, **({"message": self.message} if self.message else {})}

    def records(self, s3: S3Server) -> list[dict[str, Any]]:
        """Its records, as they lie in S3.

        Raises:
            ValueError: There are none, or media of theirs lie elsewhere.
        """
        folder = self.input_uri
        if not folder.endswith("/"):
            raise ValueError("With media in S3 the input has to be a folder.")
        prefix = folder.removeprefix(f"s3://{s3.bucket}/")
        files = {k: v for k, v in s3.objects().items() if k.startswith(prefix)}
        lines = [
            line
            for name, kept in files.items()
            if name.endswith(".jsonl")
            for line in kept.data.decode().split("\n")
            if line
        ]
        if not lines:
            raise ValueError("The folder holds no JSONL file.")
        records = [json.loads(line) for line in lines]
        for record in records:
            for uri in _uris(record["modelInput"]):
                if uri.rpartition("/")[0] != folder.rstrip("/"):
                    raise ValueError(f"{uri} is not in the folder {folder}.")
        return records

    def write(self, s3: S3Server, lines: list[str], tokens: list[int]) -> None:
        """Write what came of its records, and the counts beside."""
        folder = self.output_uri.removeprefix(f"s3://{s3.bucket}/").rstrip("/")
        here = f"{folder}/{self.id}"
        data = "\n".join([*lines, ""]).encode()
        s3.write(f"{here}/records.jsonl.out", data, "application/jsonl")
        manifest = {
            "totalRecordCount": self.total,
            "processedRecordCount": self.processed,
            "successRecordCount": self.succeeded,
            "errorRecordCount": self.failed,
            "inputTokenCount": tokens[0],
            "outputTokenCount": tokens[1],
        }
        text = json.dumps(manifest).encode()
        s3.write(f"{here}/manifest.json.out", text, "application/json")


def _uris(body: dict[str, Any]) -> list[str]:
    """Where the media of a record are."""
    return [
        value["source"]["s3Location"]["uri"]
        for message in body["messages"]
        for block in message["content"]
        for kind, value in block.items()
        if kind in {"video", "image"}
    ]
