"""A folder in S3 for what is handed out: objects by name, each with the hash of its bytes, and links.

It needs no other rights than the staging folder, and takes nothing away.
"""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.backends.protocol import Readiness
from workbench.backends.staging.folder import Staging, split_uri
from workbench.errors import BackendError, MediaMissing

LONGEST_LINK_H = 168
"""A signed link ends after seven days at the latest (S3 user guide, presigned URLs)."""

HASH = "sha256"

logger = logging.getLogger(__name__)


class Shelf(Staging):
    """See `Staging` for its arguments and errors; names are given by the caller."""

    setting = "WORKBENCH_PUBLISH_URI"

    def offer(
        self, path: Path, name: str, content_type: str, metadata: Mapping[str, str]
    ) -> tuple[str, bool]:
        """Bring a file there under a name; one with the same bytes is not sent again.

        Args:
            path: The file.
            name: Its name below the folder, with folders of its own.
            content_type: MIME type.
            metadata: Ids in ASCII that go with the object, 2 KB at most in all; its hash is added.

        Returns:
            Its address, and whether it was sent.

        Raises:
            MediaMissing: The file cannot be read.
            BackendError: As for `put`.
        """
        from boto3.s3.transfer import TransferConfig

        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise MediaMissing(
                f"{path} cannot be read: {error.strerror}", hint="make the film again"
            ) from None
        key = self._key("", name)
        uri = f"s3://{self.bucket}/{key}"
        told = self._head(key)
        if (
            told is not None
            and told.get("Metadata", {}).get(HASH) == digest
            and told.get("ContentType") == content_type
        ):
            return uri, False
        logger.info("%s goes to %s: %.1f MB", path.name, uri, path.stat().st_size / 1e6)

        def send(client: Any) -> None:
            client.upload_file(
                str(path),
                self.bucket,
                key,
                ExtraArgs={"ContentType": content_type, "Metadata": {**metadata, HASH: digest}},
                Config=TransferConfig(max_concurrency=4),
            )

        self._do("s3:PutObject", key, send)
        return uri, True

    def link(self, uri: str, hours: int) -> str:
        """A link that opens an object for so many hours, as long as the credentials live.

        Raises:
            BackendError: As for `put`.
        """
        return self._signed(uri, min(hours, LONGEST_LINK_H) * 3600)

    def address(self, uri: str) -> str:
        """The plain link to an object; whom it opens for, the bucket's owner decides.

        Raises:
            BackendError: As for `put`.
        """
        return self._signed(uri, 1).partition("?")[0]

    def readiness(self) -> Readiness:
        """Try the folder with a tiny object, always the same: written, and read again."""
        try:
            self.read(self.put_bytes(b"workbench", "check.txt", "text/plain"))
        except BackendError as error:
            return Readiness("films", is_ready=False, finding=error.message, hint=error.hint)
        return Readiness("films", is_ready=True, finding=f"{self.uri} can be written and read.")

    def _signed(self, uri: str, seconds: int) -> str:
        bucket, key = split_uri(uri)
        return self._do(
            "s3:GetObject",
            key,
            lambda client: str(
                client.generate_presigned_url(
                    "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds
                )
            ),
            bucket=bucket,
        )
