"""What a workspace does to stay small and safe: housekeeping and backups."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.analysis.results import Failure
from workbench.backends.protocol import Readiness
from workbench.backends.staging.folder import Staging
from workbench.errors import BackendError
from workbench.progress import Progress, silent
from workbench.workspace.services import Services

if TYPE_CHECKING:
    from workbench.jobs.keeping.backup import BackupReport
    from workbench.library.housekeeping import GarbageReport


class Upkeep(Services):
    """Nothing here touches an original."""

    def collect_garbage(
        self, dry_run: bool = False, *, progress: Progress = silent
    ) -> "GarbageReport":
        """Remove what can be made again or is past its time; safe while everything runs.

        In the folder in S3 as well, where one is set.

        Args:
            dry_run: Only say what would go.
            progress: Told what is looked for.

        Raises:
            LibraryError: The catalog cannot be used.
            JobError: The queue cannot be used.
        """
        from workbench.jobs.keeping.retention import forget_workflows
        from workbench.library.housekeeping import Removed, Retention, collect_garbage

        settings = self.settings
        retention = Retention(
            chunk_days=settings.chunk_days,
            film_part_days=settings.film_part_days,
            job_days=settings.job_days,
            call_cache_bytes=int(settings.call_cache_gb * 1e9),
        )
        report = collect_garbage(
            self.store, self.data_dir, self.cache, retention, dry_run=dry_run, progress=progress
        )
        count = forget_workflows(
            self.data_dir, settings.database_url, retention.jobs_before(), dry_run=dry_run
        )
        entries = Removed("ended entries of the queue", count, None)
        report = replace(report, removed=(*report.removed, entries))
        return self._with_staged(report, self.staging) if self.staging else report

    def _with_staged(self, report: "GarbageReport", staging: Staging) -> "GarbageReport":
        """Clean the folder in S3, too; one that cannot be reached holds nothing else up."""
        from workbench.library.housekeeping import Removed

        days = self.settings.staging_days
        if self.store.batches(only_open=True, limit=1):
            # Bedrock reads the files of a batch for up to three days.
            days = max(days, 4)
        try:
            old = staging.clean(days, dry_run=report.is_dry_run)
        except BackendError as error:
            failure = Failure(staging.uri, error.message, error.hint)
            return replace(report, failed=(*report.failed, failure))
        size_bytes = sum(each.size_bytes for each in old)
        staged = Removed("files in the S3 folder", len(old), size_bytes)
        return replace(report, removed=(*report.removed, staged))

    def storage(self, *, deep: bool = False) -> list[Readiness]:
        """Whether what is kept is whole, how much it is, and when it was backed up.

        Args:
            deep: Read everything from one end to the other; takes seconds for each gigabyte.
        """
        from workbench.health import storage

        return storage(
            self.store,
            self.cache,
            self.data_dir,
            database_url=self.settings.database_url,
            limit_bytes=int(self.settings.call_cache_gb * 1e9),
            index=(lambda: self.index) if deep else None,
        )

    def back_up(
        self,
        target: Path | str,
        *,
        with_reports: bool = False,
        with_uploads: bool = True,
        force: bool = False,
        progress: Progress = silent,
    ) -> "BackupReport":
        """Write everything that cannot be made again into one file, while everything runs.

        Args:
            target: The file, a zip archive; it is there whole and checked, or not at all.
            with_reports: The files of reports too.
            with_uploads: Media that came from a browser too; no other copy of it may exist.
            force: Replace a file that is there.
            progress: Told about each stage.

        Raises:
            RequestError: The file is there already, or cannot be written.
            DiskFull: There is no room.
            LibraryDamaged: The library itself is damaged.
            NotInstalled: A team's catalog needs `pg_dump`, which is not there.
        """
        from workbench.jobs.keeping.backup import make_backup

        return make_backup(
            self.data_dir,
            self.store,
            Path(target),
            database_url=self.settings.database_url,
            with_reports=with_reports,
            with_uploads=with_uploads,
            force=force,
            progress=progress,
        )
