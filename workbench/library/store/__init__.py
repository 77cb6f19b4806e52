"""The catalog: every record the workbench keeps, in SQLite or Postgres by the same code.

Several processes use one store at the same time. Every method is one short transaction, and every
write moves the `revision`, so a screen knows when what it shows is old.
"""

from pathlib import Path
from types import TracebackType

from workbench.library.database.door import BUSY_S, Database, Part
from workbench.library.store.assets import AssetRows
from workbench.library.store.batches import BatchRows
from workbench.library.store.calls import CallRows
from workbench.library.store.jobs import JobRows
from workbench.library.store.moments import MomentRows
from workbench.library.store.moving import MovingRows
from workbench.library.store.results import ResultRows
from workbench.library.store.upkeep import UpkeepRows
from workbench.library.store.work import WorkRows


class Store(
    AssetRows,
    ResultRows,
    WorkRows,
    JobRows,
    CallRows,
    BatchRows,
    MomentRows,
    UpkeepRows,
    MovingRows,
):
    """What is kept. Open it with `Store.open`; it may be shared between threads.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder, "app.db")) as store:
        ...     store.assets()
        []
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url_or_path: str | Path, *, busy_s: float = BUSY_S) -> "Store":
        """Open a catalog, make it if it is new, and bring its tables up to date.

        Args:
            url_or_path: A SQLite file, or `postgresql://…`.
            busy_s: Seconds a writer waits for other processes before it gives up.

        Raises:
            LibraryDamaged: The file is no catalog, is damaged, or is from a newer version.
            LibraryBusy: Another process kept it locked.
            LibraryGone: Its server cannot be reached.
            LibraryError: It cannot be written.
            SettingsError: The address cannot be used.
            NotInstalled: The driver for Postgres is missing.
        """
        return cls(Database.open(url_or_path, busy_s=busy_s))

    def close(self) -> None:
        """Give back every connection."""
        self._database.close()

    def be_patient(self, seconds: float) -> None:
        """Let every transaction wait so long for a server that is gone, instead of failing.

        For processes that work without anybody watching: to a person an error says more.
        """
        self._database.patience_s = seconds

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def revision(self, part: Part | None = None) -> int:
        """A number that changes with every write.

        Args:
            part: `catalog` (media and results), `jobs` (progress changes it every second) or
                `moments` (what is searched); None for any of them.
        """
        return self._database.revision(part)
