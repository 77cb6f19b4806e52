"""S3 and STS on loopback: moto, with the mistakes found that it lets pass and S3 does not.

with S3Server() as s3:
    ...                              # set `s3.environment()`; stage files
    assert s3.objects()["folder/a.mp4"].content_type == "video/mp4"
    assert s3.faults() == []
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.support.loopback import aws_environment

BUCKET = "workbench-tests"
METADATA_LIMIT_BYTES = 2048
"""Keys and values of an object's own metadata together (S3 user guide, object metadata)."""

NO_TYPE = "binary/octet-stream"
"""What S3 takes an object for that came without a type."""


@dataclass(frozen=True)
class Kept:
    """An object of the bucket."""

    key: str
    data: bytes
    content_type: str
    etag: str
    """With a dash and the number of parts where it came in parts."""
    metadata: dict[str, str]
    is_private: bool


class S3Server:
    """The server with one bucket: started by `with`."""

    def __init__(self, bucket: str = BUCKET) -> None:
        from moto.server import ThreadedMotoServer

        self.bucket = bucket
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    @property
    def url(self) -> str:
        """Its address, for AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_STS."""
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def environment(self) -> dict[str, str]:
        """What a process needs to know to use it, and nothing else of AWS."""
        return aws_environment(self.url, "S3", "STS")

    def __enter__(self) -> "S3Server":
        import logging

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server.start()
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def reset(self) -> None:
        """Forget everything but one empty bucket."""
        self._backend.reset()
        self._backend.create_bucket(self.bucket, "us-east-1")

    def objects(self) -> dict[str, Kept]:
        """Key → object."""
        return {name: self._kept(name, key) for name, key in self._keys().items()}

    def read(self, uri: str) -> Kept:
        """The object at an address; KeyError where there is none, as for another bucket."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if bucket != self.bucket:
            raise KeyError(uri)
        return self.objects()[key]

    def write(self, key: str, data: bytes, content_type: str = NO_TYPE) -> str:
        """Put an object there from the service's side; returns its address."""
        written = self._backend.put_object(self.bucket, key, data)
        written.set_metadata({"Content-Type": content_type}, replace=True)
        return f"s3://{self.bucket}/{key}"

    def age(self, days: float) -> None:
        """Make every object so much older."""
        for key in self._keys().values():
            key.last_modified -= timedelta(days=days)

    @contextmanager
    def allowing(self, *actions: str) -> Iterator[dict[str, str]]:
        """Environment of a user who may do these actions only: `s3:PutObject` …"""
        import boto3
        from moto import settings

        iam = boto3.client(
            "iam",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
        iam.create_user(UserName="limited")
        iam.put_user_policy(
            UserName="limited", PolicyName="limited", PolicyDocument=json.dumps(policy)
        )
        key = iam.create_access_key(UserName="limited")["AccessKey"]
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0
        try:
            yield {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            }
        finally:
            settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
            iam.delete_access_key(UserName="limited", AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName="limited", PolicyName="limited")
            iam.delete_user(UserName="limited")

    def faults(self) -> list[str]:
        """What is wrong with the objects, that S3 would refuse or a service could not read."""
        found = []
        for key, kept in self.objects().items():
            words = "".join([*kept.metadata, *kept.metadata.values()])
            if len(words.encode()) > METADATA_LIMIT_BYTES:
                found.append(f"{key}: metadata over {METADATA_LIMIT_BYTES} bytes")
            if not words.isascii() or not words.isprintable():
                found.append(f"{key}: metadata that is no header")
            if not kept.is_private:
                found.append(f"{key}: an ACL, which new buckets refuse")
            if kept.content_type == NO_TYPE:
                found.append(f"{key}: no Content-Type")
        return found

    @property
    def _backend(self) -> Any:
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends

        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def _keys(self) -> dict[str, Any]:
        return dict(self._backend.buckets[self.bucket].keys.items())

    @staticmethod
    def _kept(name: str, key: Any) -> Kept:
        metadata = dict(key.metadata)
        own = {k: v for k, v in metadata.items() if k.lower().startswith("x-amz-meta-")}
        types = [v for k, v in metadata.items() if k.lower() == "content-type"]
        # What came in parts without an ACL has none.
        owner_only = key.acl is None or (len(key.acl.grants) == 1 and not key.acl.public_read)
        return Kept(
            name, key.value, types[0] if types else NO_TYPE, key.etag.strip('"'), own, owner_only
        )
