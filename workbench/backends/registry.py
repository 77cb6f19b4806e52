"""Which engines there are. A backend is made when it is first asked for, and only once."""

import threading
from collections.abc import Callable

from workbench.backends.protocol import Backend, Readiness
from workbench.errors import RequestError, WorkbenchError


class Registry:
    """Engines by the word requests use for them.

    Example:
        >>> registry = Registry()
        >>> registry.engines()
        ()
    """

    def __init__(self) -> None:
        self._factories: dict[str, Callable[[], Backend]] = {}
        self._made: dict[str, Backend] = {}
        self._lock = threading.RLock()

    def register(self, engine: str, factory: Callable[[], Backend]) -> None:
        """Name an engine and how to make its backend; a second time replaces the first."""
        with self._lock:
            self._factories[engine] = factory
            self._made.pop(engine, None)

    def get(self, engine: str) -> Backend:
        """Give the backend of an engine, making it if this is the first time.

        Raises:
            RequestError: There is no such engine.
            WorkbenchError: The backend cannot be made.
        """
        with self._lock:
            if engine not in self._made:
                if engine not in self._factories:
                    raise RequestError(
                        f"there is no engine {engine!r}",
                        hint=f"choose one of: {', '.join(self._factories)}",
                    )
                self._made[engine] = self._factories[engine]()
            return self._made[engine]

    def engines(self) -> tuple[str, ...]:
        """Name the engines, in the order they were registered."""
        return tuple(self._factories)

    def readiness(self) -> tuple[Readiness, ...]:
        """Say for every engine whether it can be used now, without making a call."""
        return tuple(self._readiness_of(engine) for engine in self.engines())

    def _readiness_of(self, engine: str) -> Readiness:
        try:
            return self.get(engine).readiness()
        except WorkbenchError as error:
            return Readiness(engine, is_ready=False, finding=error.message, hint=error.hint)
