"""A folder in S3 for what does not fit into a request: long videos, Rekognition's input, batches.

An object is named by the hash of its bytes, so the same file is sent once. Objects belong to the
bucket's owner alone: no ACL and no metadata is ever set, and names are ASCII.
"""

import builtins
import hashlib
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from workbench.backends.bedrock.errors import CallFailure, failure_of
from workbench.backends.bedrock.session import open_session
from workbench.backends.protocol import Readiness, gone
from workbench.errors import (
    BackendError,
    NoCredentials,
    ServiceDown,
    StagingError,
    Throttled,
)

DEFAULT_REGION = "us-east-1"

RENEWED_AFTER = timedelta(days=1)
"""An object older than this is dated anew when it is used again, so that cleaning lets it be."""

MOST_TRIES = 3
"""Tries of one step, on top of boto3's own for each request: S3 requests may be repeated freely."""

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*'()/-]*))?")
_OURS = re.compile(r"[0-9a-f]{64}\.\w+|[\w.-]+\.jsonl(\.out)?|manifest\.json\.out")
"""Names we give, and those that batches give to what they write."""

_DELETE_AT_ONCE = 1000

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class StagedObject:
    """A file in the staging folder."""

    uri: str
    size_bytes: int
    changed_at: datetime


def split_uri(uri: str) -> tuple[str, str]:
    """Take an address apart into bucket and key.

    Raises:
        StagingError: It is no S3 address.

    Example:
        >>> split_uri("s3://films/staging/a.mp4")
        ('films', 'staging/a.mp4')
    """
    found = _URI.fullmatch(uri)
    if not found:
        raise StagingError(
            f"{uri!r} is not the address of a folder in S3",
            hint="write it as s3://bucket/folder, in letters, digits, '-', '_', '.' and '/'",
        )
    return found[1], (found[2] or "").strip("/")


class Staging:
    """The staging folder. Safe for threads; the client is opened with the first call.

    Args:
        uri: `s3://bucket/folder`.
        region: The bucket's region; empty for boto3's own default, else us-east-1.
        sleep: Waits between tries.

    Raises:
        StagingError: The address names no folder of a bucket.
    """

    setting = "WORKBENCH_STAGING_URI"
    """Where the address is set."""

    def __init__(
        self, uri: str, *, region: str = "", sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.bucket, self.prefix = split_uri(uri)
        if not self.prefix:
            raise StagingError(
                f"{uri!r} is a whole bucket",
                hint="name a folder in it (s3://bucket/folder): old files there are removed",
            )
        self._asked_region = region
        self._sleep = sleep
        self._lock = threading.RLock()
        self._opened: Any = None

    @property
    def uri(self) -> str:
        """The folder's address, without a slash at the end."""
        return f"s3://{self.bucket}/{self.prefix}"

    def put(self, path: Path, content_type: str, *, folder: str = "") -> str:
        """Bring a file there; one that is there already is not sent again.

        Args:
            path: The file, of any size up to 5 TB; above 8 MiB it goes in parts.
            content_type: MIME type; Bedrock reads a video by it.
            folder: A folder in the staging folder.

        Returns:
            Its address: the SHA-256 of its bytes with the file's own ending.

        Raises:
            MediaMissing: The file cannot be read.
            StagingError: S3 refuses; the hint has the policy line that is missing.
            NoCredentials: None were found, or they have run out.
            ServiceDown: S3 cannot be reached.
        """
        from boto3.s3.transfer import TransferConfig

        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = path.stat().st_size
        except OSError as error:
            raise gone(path, error) from None
        key = self._key(folder, digest + path.suffix.lower())
        if not self._is_there(key, size_bytes, content_type):
            logger.info("%s goes to S3: %.1f MB", path.name, size_bytes / 1e6)
            self._do(
                "s3:PutObject",
                key,
                lambda client: client.upload_file(
                    str(path),
                    self.bucket,
                    key,
                    ExtraArgs={"ContentType": content_type},
                    Config=TransferConfig(max_concurrency=4),
                ),
            )
        return f"s3://{self.bucket}/{key}"

    def put_bytes(self, data: bytes, name: str, content_type: str) -> str:
        """Write an object of this name, which may hold folders; one that is there is replaced.

        Raises:
            BackendError: As for `put`.
        """
        key = self._key("", name)
        self._do(
            "s3:PutObject",
            key,
            lambda client: client.put_object(
                Bucket=self.bucket, Key=key, Body=data, ContentType=content_type
            ),
        )
        return f"s3://{self.bucket}/{key}"

    def list(self, prefix_uri: str = "") -> builtins.list[StagedObject]:
        """All objects whose address starts with this, in order of their names; all by default.

        Raises:
            BackendError: As for `put`.
        """
        bucket, prefix = split_uri(prefix_uri or f"{self.uri}/")
        if not prefix_uri or prefix_uri.endswith("/"):
            prefix += "/"

        def pages(client: Any) -> builtins.list[StagedObject]:
            found = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [
                StagedObject(f"s3://{bucket}/{one['Key']}", one["Size"], one["LastModified"])
                for page in found
                for one in page.get("Contents", ())
            ]

        return self._do("s3:ListBucket", prefix, pages, bucket=bucket)

    def read(self, uri: str) -> bytes:
        """The bytes of an object.

        Raises:
            BackendError: As for `put`; StagingError also where there is none.
        """
        bucket, key = split_uri(uri)
        return self._do(
            "s3:GetObject",
            key,
            lambda client: bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read()),
            bucket=bucket,
        )

    def delete(self, uris: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error.

        Raises:
            BackendError: As for `put`.
        """
        keys: dict[str, builtins.list[str]] = {}
        for bucket, key in map(split_uri, uris):
            keys.setdefault(bucket, []).append(key)
        for bucket, named in keys.items():
            for start in range(0, len(named), _DELETE_AT_ONCE):
                self._delete(bucket, named[start : start + _DELETE_AT_ONCE])

    def clean(self, older_than_days: int, *, dry_run: bool = False) -> builtins.list[StagedObject]:
        """Remove what has not been used for so many days; only files with names we give.

        Args:
            older_than_days: Days since an object was written or used again.
            dry_run: Only say what would go.

        Returns:
            What went, or would go.

        Raises:
            BackendError: As for `put`.
        """
        before = datetime.now(UTC) - timedelta(days=older_than_days)
        old = [
            each
            for each in self.list()
            if each.changed_at < before and _OURS.fullmatch(each.uri.rsplit("/", 1)[-1])
        ]
        if not dry_run:
            self.delete(each.uri for each in old)
        return old

    def readiness(self) -> Readiness:
        """Try the folder with a tiny object: written, read, listed and removed again."""
        name = f"checks/{uuid.uuid4().hex}.txt"
        try:
            uri = self.put_bytes(b"workbench", name, "text/plain")
            self.read(uri)
            self.list(uri)
            self.delete([uri])
        except BackendError as error:
            return Readiness("staging", is_ready=False, finding=error.message, hint=error.hint)
        return Readiness(
            "staging",
            is_ready=True,
            finding=f"{self.uri} can be written, read, listed and cleaned.",
        )

    def _key(self, folder: str, name: str) -> str:
        key = "/".join(part.strip("/") for part in (self.prefix, folder, name) if part.strip("/"))
        split_uri(f"s3://{self.bucket}/{key}")
        return key

    def _head(self, key: str) -> "dict[str, Any] | None":
        """What S3 knows of an object; None where there is none."""
        from botocore.exceptions import ClientError

        try:
            told: dict[str, Any] = self._do(
                "s3:GetObject",
                key,
                lambda client: client.head_object(Bucket=self.bucket, Key=key),
                passed=("404", "403", "NoSuchKey"),
            )
        except ClientError:
            # Without s3:ListBucket, S3 says 403 of an object that is not there.
            return None
        return told

    def _is_there(self, key: str, size_bytes: int, content_type: str) -> bool:
        told = self._head(key)
        if told is None:
            return False
        if told["ContentLength"] != size_bytes:
            return False
        is_old = told["LastModified"] < datetime.now(UTC) - RENEWED_AFTER
        if is_old or told.get("ContentType") != content_type:
            self._do(
                "s3:PutObject",
                key,
                lambda client: client.copy_object(
                    Bucket=self.bucket,
                    Key=key,
                    CopySource={"Bucket": self.bucket, "Key": key},
                    MetadataDirective="REPLACE",
                    ContentType=content_type,
                ),
            )
        return True

    def _delete(self, bucket: str, keys: builtins.list[str]) -> None:
        from botocore.exceptions import ClientError

        def remove(client: Any) -> None:
            told = client.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
            for error in told.get("Errors", ()):
                raise ClientError({"Error": error}, "DeleteObjects")

        self._do("s3:DeleteObject", keys[0], remove, bucket=bucket)

    def _do(
        self,
        action: str,
        key: str,
        step: Callable[[Any], Result],
        *,
        bucket: str = "",
        passed: tuple[str, ...] = (),
    ) -> Result:
        """Do one step, again where that may help; `passed` are error codes that are let through."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        tries = 0
        while True:
            tries += 1
            try:
                return step(self._client())
            except (BotoCoreError, ClientError, Boto3Error) as error:
                # An upload's own error only wraps what S3 said.
                cause = error.__context__ if isinstance(error, Boto3Error) else error
                if isinstance(cause, ClientError) and cause.response["Error"]["Code"] in passed:
                    raise cause from None
                failure = failure_of(cause if isinstance(cause, Exception) else error, "S3")
                if tries >= min(MOST_TRIES, failure.policy.sends):
                    raise self._as_error(failure, action, bucket or self.bucket, key) from error
                self._sleep(max(failure.wait_s, 2.0**tries))

    def _as_error(self, failure: CallFailure, action: str, bucket: str, key: str) -> BackendError:
        if issubclass(failure.policy.error, (NoCredentials, Throttled, ServiceDown)):
            return failure.as_error(1)
        folder = f"/{key.rpartition('/')[0]}/*" if action != "s3:ListBucket" else ""
        hint = f"allow {action} on arn:aws:s3:::{bucket}{folder}, and see that the bucket is yours"
        if failure.code == "NoSuchBucket":
            hint = f"make the bucket {bucket}, or name another in {self.setting}"
        elif failure.code in {"NoSuchKey", "404"}:
            hint = "it may have been cleaned away; run again to stage it anew"
        return StagingError(
            f"S3: {failure.code}: {failure.message} (s3://{bucket}/{key})", hint=hint
        )

    def _client(self) -> Any:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        with self._lock:
            if self._opened is None:
                session = open_session("S3")
                try:
                    self._opened = session.client(
                        "s3",
                        region_name=self._asked_region or session.region_name or DEFAULT_REGION,
                        # Without both, addresses outside of us-east-1 name the global host.
                        config=Config(
                            signature_version="s3v4",
                            s3={"addressing_style": "virtual"},
                            connect_timeout=10,
                            read_timeout=60,
                            retries={"mode": "standard", "total_max_attempts": 3},
                        ),
                    )
                except (BotoCoreError, ValueError) as error:
                    raise failure_of(error, "S3").as_error(1) from error
            return self._opened
