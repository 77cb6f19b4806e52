"""The client of a service beside Bedrock: boto3 sends each call once, we again where it may help.

Rekognition and Transcribe are services of jobs: starts name their job and looks are free, so
neither can be billed twice. What names none, as a picture of Rekognition's or a text for Polly, is
sent again as carefully as any call that may have been answered.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from workbench.backends.bedrock.errors import CREDENTIALS_HINT, PATIENT, CallFailure, failure_of
from workbench.backends.bedrock.session import (
    DEFAULT_REGION,
    credentials_method,
    open_session,
    sent_once,
)
from workbench.backends.protocol import Gate, Readiness
from workbench.errors import BackendError, QuotaExceeded, ServiceDown

QUEUE_LOOK_S = 30.0
QUEUE_WAIT_S = 3600.0
"""An account runs so many jobs at once (Rekognition 20, Transcribe 100): how often, and for how
long, room for one more is looked for."""

FIRST_LOOK_S = 2.0
LONGEST_LOOK_S = 20.0
"""Waits between two looks at a job: they grow from the first to the longest (our choice)."""

JOB_WAIT_S = 6 * 3600.0
"""How long a job is waited for: as long as Rekognition's longest video lasts (our choice)."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
"""Longest waits before a call is sent again, for the second send and at most."""

READ_TIMEOUT_S = 60.0
"""How long a reply may keep silent (botocore's own default)."""

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
        read_timeout_s: How long a reply may keep silent.
        sleep: Waits between sends, and between looks at a job.
        jitter: Gives a number from 0 to 1 by which a wait between sends is shortened.
    """

    def __init__(
        self,
        service: str,
        region: str = "",
        *,
        also: str = "s3:GetObject on the staging folder",
        read_timeout_s: float = READ_TIMEOUT_S,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.service = service
        self._also = also
        self._asked_region = region
        self._read_timeout_s = read_timeout_s
        self._sleep = sleep
        self._jitter = jitter
        self._lock = threading.RLock()
        self._opened: Any = None
        self._none_found_at = float("-inf")

    def readiness(self, name: str) -> Readiness:
        """Say whether credentials are there. Nothing is called, nothing is paid."""
        finding, hint = "No AWS credentials were found.", CREDENTIALS_HINT
        with self._lock:
            if time.monotonic() - self._none_found_at >= ASK_AGAIN_S:
                try:
                    session = open_session(self.service)
                    method = credentials_method(session, self.service)
                except BackendError as error:
                    finding, hint = error.message, error.hint
                else:
                    if method:
                        finding = f"Credentials found ({method}), region {self._region(session)}."
                        return Readiness(name, is_ready=True, finding=finding)
                    self._none_found_at = time.monotonic()
        return Readiness(name, is_ready=False, finding=finding, hint=hint)

    def _region(self, session: Any) -> str:
        return self._asked_region or session.region_name or DEFAULT_REGION

    def call(
        self,
        operation: str,
        arguments: dict[str, Any],
        gate: Gate | None = None,
        *,
        is_free: bool = False,
        passed: Collection[str] = (),
        stream: str = "",
    ) -> tuple[dict[str, Any], int]:
        """Send a call, again after a wait where that may help.

        Args:
            operation: As the service names it.
            arguments: Its parameters.
            gate: Passed before every send; None for looks at a job.
            is_free: Can it be repeated without being billed twice?
            passed: Error codes, in small letters, that are an answer too: an empty one.
            stream: Member of the reply that comes as a stream; it is read to its end, so that one
                that breaks off is a reply that was lost.

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
            got = self._sent(client, operation, arguments, stream)
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

    def wait_for(
        self,
        job_id: str,
        told: dict[str, Any],
        look: Callable[[], dict[str, Any]],
        *,
        is_running: Callable[[dict[str, Any]], bool],
        what: str = "",
    ) -> dict[str, Any]:
        """Look at a job until it runs no more, after waits that grow.

        Args:
            job_id: Its name, for errors.
            told: The look at it that there was already.
            look: Looks again.
            is_running: Is it still under way, by what a look has told?
            what: What it is for, where that says more than the service's name.

        Returns:
            The last look, whether the job has succeeded or failed.

        Raises:
            ServiceDown: It still runs after `JOB_WAIT_S`.
            BackendError: A look had no answer.
        """
        waited_s, wait_s = 0.0, FIRST_LOOK_S
        while is_running(told):
            if waited_s >= JOB_WAIT_S:
                about = f" {what}" if what else ""
                raise ServiceDown(
                    f"{self.service} has not finished{about} in {JOB_WAIT_S / 3600:.0f} h"
                    f" (job {job_id})",
                    hint="run again later: it is attached to the same job and not paid twice",
                )
            self._sleep(wait_s)
            waited_s += wait_s
            wait_s = min(LONGEST_LOOK_S, wait_s * 1.5)
            told = look()
        return told

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
        from botocore.exceptions import BotoCoreError

        with self._lock:
            if self._opened is None:
                config = sent_once(self._read_timeout_s)
                session = open_session(self.service)
                try:
                    self._opened = session.client(
                        self.service.lower(), region_name=self._region(session), config=config
                    )
                except (BotoCoreError, ValueError) as error:
                    raise failure_of(error, self.service).as_error(1) from error
            return self._opened

    def _sent(
        self, client: Any, operation: str, arguments: dict[str, Any], stream: str
    ) -> dict[str, Any] | CallFailure:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            reply: dict[str, Any] = getattr(client, xform_name(operation))(**arguments)
            if stream:
                # `with body` would give the bare stream, whose errors are not botocore's.
                with contextlib.closing(reply[stream]) as body:
                    reply[stream] = body.read()
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
