"""The services of a workspace: opened on first use, shared by all its work, closed together."""

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import Catalog
from workbench.backends.protocol import Backend
from workbench.backends.registry import Registry
from workbench.errors import SettingsError
from workbench.library.store import Store
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.backends.bedrock.converse import BedrockNova
    from workbench.backends.embedders import Embedder
    from workbench.backends.openai.compatible import OpenAICompatible
    from workbench.backends.services.polly import Polly
    from workbench.backends.services.transcribe import Transcribe
    from workbench.backends.staging.folder import Staging
    from workbench.jobs.client import JobClient
    from workbench.search.index import Index


class Services:
    """What the work stands on. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data_dir = settings.data_dir.expanduser().resolve()
        make_folder(self.data_dir)
        self.store = Store.open(settings.database_url or self.data_dir / "app.db")
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._caught_up_at: tuple[int, int] | None = None
        """Revision of the catalog's moments that the index is known to hold, and which index: one
        that was reached anew may be another."""

    @functools.cached_property
    def catalog(self) -> Catalog:
        """The models there are, with the user's own prices over ours."""
        return load_catalog(self.settings.catalog_file)

    @functools.cached_property
    def cache(self) -> CallCache:
        """Every reply that was paid for."""
        return CallCache(self.data_dir / "calls")

    @functools.cached_property
    def embedder(self) -> "Embedder":
        """Text to vectors: MiniLM when its weights are there, hashed letters otherwise."""
        from workbench.backends.embedders import best_embedder

        return best_embedder(self.data_dir)

    @functools.cached_property
    def backends(self) -> Registry:
        """The engines that answer."""
        registry = Registry()
        registry.register("local", self._open_local)
        registry.register("nova", lambda: self.nova)
        registry.register("rekognition", self._open_rekognition)
        registry.register("transcribe", lambda: self.transcribe)
        registry.register("polly", lambda: self.polly)
        registry.register("openai", lambda: self.openai)
        return registry

    def _open_local(self) -> Backend:
        from workbench.analysis.local_engine import LocalEngine
        from workbench.backends.embedders import HashedNgrams

        # Shared letters say less about sentences than shared words, which the engine counts itself.
        by_letters = isinstance(self.embedder, HashedNgrams)
        return LocalEngine(embed=None if by_letters else self.embedder.embed)

    def _open_rekognition(self) -> Backend:
        from workbench.backends.services.rekognition import Rekognition

        return Rekognition(self.settings.aws_region, self.staging)

    @functools.cached_property
    def transcribe(self) -> "Transcribe":
        """Amazon Transcribe; opening it calls nothing."""
        from workbench.backends.services.transcribe import Transcribe

        return Transcribe(self.settings.aws_region, self.staging)

    @functools.cached_property
    def polly(self) -> "Polly":
        """Amazon Polly; opening it calls nothing."""
        from workbench.backends.services.polly import Polly

        return Polly(self.settings.aws_region)

    @functools.cached_property
    def nova(self) -> "BedrockNova":
        """Amazon Nova on Bedrock; opening it calls nothing."""
        from workbench.backends.bedrock.converse import BedrockNova

        return BedrockNova(
            region=self.settings.aws_region,
            endpoint_url=self.settings.bedrock_endpoint_url,
            route=self.settings.nova_route,
            inline_limit_bytes=int(self.settings.proxy_limit_mb * 1_000_000),
            staging=self.staging,
            stream=self.settings.nova_stream,
        )

    @functools.cached_property
    def openai(self) -> "OpenAICompatible":
        """A server that speaks OpenAI's chat completions; opening it calls nothing."""
        from workbench.backends.openai.compatible import OpenAICompatible

        return OpenAICompatible(self.settings.openai_base_url)

    @functools.cached_property
    def staging(self) -> "Staging | None":
        """The folder in S3; None where none is set. Opening it calls nothing.

        Raises:
            StagingError: The setting names no folder of a bucket.
        """
        from workbench.backends.staging.folder import Staging

        uri = self.settings.staging_uri
        return Staging(uri, region=self.settings.aws_region) if uri else None

    @property
    def index(self) -> "Index":
        """The search index.

        Raises:
            LibraryBusy: Another process holds it and offers no server.
        """
        from workbench.search.index import Index

        with self._lock:
            if self._index is None:
                self._index = Index.open(
                    self.data_dir / "chroma", self.embedder, url=self.settings.chroma_url
                )
            return self._index

    @functools.cached_property
    def jobs(self) -> "JobClient":
        """Work for the worker process."""
        from workbench.jobs.client import JobClient

        return JobClient(self.store)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents.

    Raises:
        SettingsError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{folder} cannot be made: {error.strerror}",
            hint="set WORKBENCH_DATA_DIR to a folder you can write to",
        ) from None
