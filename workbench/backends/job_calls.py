"""The client of a service of jobs: each call is sent once by boto3, and again where that may help.

Starts name their job and looks are free, so neither can be billed twice; what names none, as a
picture of Rekognition's, is sent again as carefully as any call that may have been answered.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from workbench.backends.bedrock_errors import CREDENTIALS_HINT, PATIENT, CallFailure, failure_of
from workbench.backends.protocol import Gate, Readiness
from workbench.errors import QuotaExceeded

DEFAULT_REGION = "us-east-1"

QUEUE_LOOK_S = 30.0
QUEUE_WAIT_S = 3600.0
"""An account runs so many jobs at once (Rekognition 20, Transcribe 100): how often, and for how
long, room for one more is looked for."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
"""Longest waits before a call is sent again, for the second send and at most."""

ASK_AGAIN_S = 30.0
"""How long it is remembered that there are no credentials: looking may take seconds."""

_TOO_MANY = "limitexceededexception"

logger = logging.getLogger(__name__)


class JobCalls:
    """Sends calls. Safe for threads; the client is opened with the first call.

    Args:
        service: Its name as a person knows it; in small letters, boto3's.
        region: AWS region; empty for boto3's own default, else us-east-1.
        also: What a start needs to be allowed besides itself.
        sleep: Waits between sends.
        jitter: Gives a number from 0 to 1 by which a wait is shortened.
    """

    def __init__(
        self,
        service: str,
        region: str = "",
        *,
        also: str = "s3:GetObject on the staging folder",
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.service = service
        self._also = also
        self._asked_region = region
        self._sleep = sleep
        self._jitter = jitter
        self._lock = threading.RLock()
        self._opened: Any = None
        self._none_found_at = float("-inf")

    def readiness(self, name: str) -> Readiness:
        """Say whether credentials are there. Nothing is called, nothing is paid."""
        import boto3
        from botocore.exceptions import BotoCoreError

        finding, hint = "No AWS credentials were found.", CREDENTIALS_HINT
        with self._lock:
            if time.monotonic() - self._none_found_at >= ASK_AGAIN_S:
                try:
                    session = boto3.Session()
                    found = session.get_credentials()
                except BotoCoreError as error:
                    failed = failure_of(error, self.service).as_error(1)
                    finding, hint = failed.message, failed.hint
                else:
                    if found is not None:
                        region = self._asked_region or session.region_name or DEFAULT_REGION
                        finding = f"Credentials found ({found.method}), region {region}."
                        return Readiness(name, is_ready=True, finding=finding)
                    self._none_found_at = time.monotonic()
        return Readiness(name, is_ready=False, finding=finding, hint=hint)

    def call(
        self,
        operation: str,
        arguments: dict[str, Any],
        gate: Gate | None = None,
        *,
        is_free: bool = False,
        passed: Collection[str] = (),
    ) -> tuple[dict[str, Any], int]:
        """Send a call, again after a wait where that may help.

        Args:
            operation: As the service names it.
            arguments: Its parameters.
            gate: Passed before every send; None for looks at a job.
            is_free: Can it be repeated without being billed twice?
            passed: Error codes, in small letters, that are an answer too: an empty one.

        Returns:
            The reply, and how often the call was sent.

        Raises:
            BackendError: There is none.
        """
        client = self._client()
        sends, queued_s = 0, 0.0
        while True:
            sends += 1
            settle = gate() if gate else None
            got = self._sent(client, operation, arguments)
            if not isinstance(got, CallFailure):
                if settle:
                    settle(0)  # nothing is counted in tokens
                return got, sends
            if settle:
                settle(None if got.may_be_billed and not is_free else 0)
            if got.code.lower() in passed:
                return {}, sends
            if got.code.lower() == _TOO_MANY:
                self._queue(got, queued_s)
                queued_s += QUEUE_LOOK_S
                sends -= 1
                continue
            if sends >= _most_sends(got, is_free=is_free):
                raise got.as_error(sends)
            longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (sends - 1))
            self._sleep(max(got.wait_s, longest * self._jitter()))

    def _queue(self, failure: CallFailure, queued_s: float) -> None:
        """Wait for a place among the jobs of the account."""
        if queued_s >= QUEUE_WAIT_S:
            raise QuotaExceeded(
                f"{self.service}: {failure.code}: {failure.message}",
                hint="wait for other jobs to end, or ask for more under Service Quotas",
            )
        logger.info("%s runs as many jobs as allowed; waits for room", self.service)
        self._sleep(QUEUE_LOOK_S)

    def _client(self) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        with self._lock:
            if self._opened is None:
                config = Config(
                    connect_timeout=10,
                    read_timeout=60,
                    tcp_keepalive=True,
                    max_pool_connections=16,
                    retries={"mode": "standard", "total_max_attempts": 1},
                )
                try:
                    session = boto3.Session()
                    region = self._asked_region or session.region_name or DEFAULT_REGION
                    self._opened = session.client(
                        self.service.lower(), region_name=region, config=config
                    )
                except (BotoCoreError, ValueError) as error:
                    raise failure_of(error, self.service).as_error(1) from error
            return self._opened

    def _sent(
        self, client: Any, operation: str, arguments: dict[str, Any]
    ) -> dict[str, Any] | CallFailure:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            reply: dict[str, Any] = getattr(client, xform_name(operation))(**arguments)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            logger.debug("%s did not answer", self.service, exc_info=True)
            return failure_of(error, self.service, self._allowed(operation))
        return reply

    def _allowed(self, operation: str) -> str:
        line = f"{self.service.lower()}:{operation}"
        return f"{line}, and {self._also}" if "Start" in operation else line


def _most_sends(failure: CallFailure, *, is_free: bool) -> int:
    """A cut connection is no reason for care where nothing can be billed twice."""
    if is_free and (failure.may_be_billed or not failure.was_sent):
        return PATIENT
    return failure.policy.sends
