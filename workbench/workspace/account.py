"""What a workspace asks of its services: may they be used, and is the catalog still right?"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.progress import Progress, silent
from workbench.workspace.services import Services

if TYPE_CHECKING:
    from workbench.backends.bedrock.access_check import AccessFinding
    from workbench.backends.bedrock.account import Account
    from workbench.backends.catalog.check import CatalogCheck
    from workbench.settings import Settings


def batch_folders(settings: "Settings") -> tuple[str, str]:
    """Folders in S3 where batches ask and where their results go; empty where none is set."""
    folder = settings.staging_uri.rstrip("/")
    return (
        settings.nova_batch_input_prefix or (folder and f"{folder}/batches"),
        settings.nova_batch_output_prefix or (folder and f"{folder}/batch-results"),
    )


class AccountWork(Services):
    """Nothing here calls a model, or changes anything in the account."""

    @functools.cached_property
    def account(self) -> "Account":
        """The account behind boto3's credentials; opening it calls nothing."""
        from workbench.backends.bedrock.account import Account

        return Account(self.settings.aws_region)

    def check_access(self) -> Iterator["AccessFinding"]:
        """Look whether the account can do what is wanted of it, one part after the other.

        Yields:
            Findings, each as soon as it is known.
        """
        from workbench.backends.bedrock.access_check import BatchPlace, check_access

        settings = self.settings
        is_chosen = settings.transcriber == "transcribe"
        return check_access(
            self.account,
            self.catalog,
            route=settings.nova_route,
            staging_uri=settings.staging_uri,
            publish_uri=settings.publish_uri,
            batch=BatchPlace(settings.bedrock_batch_role_arn, *batch_folders(settings)),
            transcribe=self.transcribe if is_chosen else None,
        )

    def check_catalog(self, *, progress: Progress = silent) -> "CatalogCheck":
        """Compare the catalog with what the region and the AWS price list say today.

        Args:
            progress: Told which part is asked about.

        Raises:
            NoCredentials: There are none, or they are not accepted.
        """
        from workbench.backends.catalog.check import check_catalog

        return check_catalog(self.catalog, self.account, progress=progress)

    def served_models(self) -> tuple[str, ...]:
        """What the OpenAI-compatible server has, by its own names; nothing is billed.

        Raises:
            BackendError: No server is set, or it gives no list.
        """
        return self.openai.served_models()

    def write_catalog(self, check: "CatalogCheck", path: Path) -> int:
        """Write what a comparison found over the catalog, into a file of the user's own.

        Args:
            check: What was found.
            path: The file; what the user wrote in it stays.

        Returns:
            How many prices were written. They count once WORKBENCH_CATALOG_FILE names the file.

        Raises:
            RequestError: The file cannot be written, or is not one that can be added to.
        """
        from workbench.backends.catalog.overlay import write_overlay

        return write_overlay(check, path)
