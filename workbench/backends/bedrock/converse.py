"""Amazon Nova through Bedrock's Converse, or ConverseStream.

boto3 sends each call once; whether it is sent again is decided here, so that every send is counted
and none is paid for behind the user's back.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from workbench.backends.bedrock.errors import (
    CREDENTIALS_HINT,
    UNREADABLE,
    CallFailure,
    failure_of,
)
from workbench.backends.bedrock.session import (
    DEFAULT_REGION,
    credentials_method,
    open_session,
    sent_once,
)
from workbench.backends.bedrock.stream import SILENCE_S, converse_by_stream
from workbench.backends.bedrock.wire import (
    INLINE_LIMIT_BYTES,
    converse_call,
    read_reply,
    read_usage,
    repair_call,
)
from workbench.backends.catalog.models import ModelInfo, route_for
from workbench.backends.catalog.pricing import text_tokens
from workbench.backends.protocol import (
    Gate,
    ModelReply,
    ModelRequest,
    Readiness,
    open_gate,
)
from workbench.backends.sending import Answered, Sent, reply_in_form, send_patiently
from workbench.backends.staging.folder import Staging
from workbench.errors import (
    BackendError,
    BadModelRequest,
    RequestError,
)

READ_TIMEOUT_S = 3600
"""A call on a long video may take an hour (Nova 2 user guide, core inference)."""

ASK_AGAIN_S = 30.0
"""How long it is remembered that there are no credentials: looking may take seconds."""

logger = logging.getLogger(__name__)


class BedrockNova:
    """The `nova` engine. Safe for threads; the client is opened with the first call.

    Args:
        region: AWS region; empty for boto3's own default, else us-east-1.
        endpoint_url: Another address for Bedrock; empty for AWS's.
        route: Inference profile, or `auto`; see `catalog.route_for`.
        inline_limit_bytes: Most bytes of media in one call.
        staging: Folder in S3 for media over that; None for none.
        stream: Take answers as a stream.
        read_timeout_s: Seconds without a byte before a call is given up; in a stream no more than
            `bedrock_stream.SILENCE_S`.
        sleep: Waits between sends.
        jitter: Gives a number from 0 to 1 by which a wait is shortened.
    """

    engine = "nova"

    def __init__(
        self,
        region: str = "",
        endpoint_url: str = "",
        route: str = "auto",
        *,
        inline_limit_bytes: int = INLINE_LIMIT_BYTES,
        staging: Staging | None = None,
        stream: bool = False,
        read_timeout_s: float = READ_TIMEOUT_S,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.route = route
        self._asked_region = region
        self._endpoint_url = endpoint_url
        self._limit_bytes = inline_limit_bytes
        self._staging = staging
        self._is_stream = stream
        self._read_timeout_s = min(read_timeout_s, SILENCE_S) if stream else read_timeout_s
        self._sleep = sleep
        self._jitter = jitter
        self._lock = threading.RLock()
        self._opened_session: Any = None
        self._opened_client: Any = None
        self._none_found_at = float("-inf")

    @property
    def region(self) -> str:
        """The region calls start from.

        Raises:
            NoCredentials: The profile that is named does not exist.
        """
        return self._asked_region or self._session().region_name or DEFAULT_REGION

    def readiness(self) -> Readiness:
        """Say whether credentials are there. Bedrock is not called, nothing is paid."""
        none_found = Readiness(
            self.engine,
            is_ready=False,
            finding="No AWS credentials were found.",
            hint=CREDENTIALS_HINT,
        )
        with self._lock:
            if time.monotonic() - self._none_found_at < ASK_AGAIN_S:
                return none_found
            try:
                region = self.region
                method = credentials_method(self._session())
            except BackendError as error:
                return Readiness(
                    self.engine, is_ready=False, finding=error.message, hint=error.hint
                )
            if not method:
                self._none_found_at = time.monotonic()
                # A session remembers that it found none; the next look has to be a fresh one.
                self._opened_session = None
                return none_found
        at = f", at {self._endpoint_url}" if self._endpoint_url else ""
        return Readiness(
            self.engine,
            is_ready=True,
            finding=f"Credentials found ({method}), region {region}{at}. Not called yet.",
        )

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Answer one request; see `Backend.invoke`.

        Failures that pass with time are sent again after a wait. An answer in the wrong form is
        sent back once, without the media, to be put right. What a failed call has cost is in
        `billed` of its error.

        Raises:
            NoCredentials: None were found, or they have run out.
            AccessDenied: The account may not call the model.
            Throttled: Still too many requests after several waits.
            ServiceDown: The service failed, could not be reached, or took too long.
            QuotaExceeded: An account limit is used up.
            BadModelRequest: The request would be, or was, refused.
            BadReply: The answer is cut short, stopped, or twice not in the agreed form.
            MediaMissing: A file to send is not there.
            StagingError: A file cannot be brought to S3.
        """
        model_id = self._model_id(model)
        call = converse_call(
            request,
            model,
            model_id,
            limit_bytes=self._limit_bytes,
            staging=self._staging,
        )
        sent = self._send(call, gate)
        # Up to 18 MB of media: not needed while a repair waits.
        del call

        def repair(answered: Answered, problems: Sequence[str]) -> Sent:
            again = repair_call(request, model, model_id, answered, problems)
            return self._send(again, gate, _tokens_of(again))

        return reply_in_form(sent, request, model, model_id, read=read_reply, repair=repair)

    def _model_id(self, model: ModelInfo) -> str:
        try:
            return model.ids[route_for(model, self.route, self.region)]
        except RequestError as error:
            raise BadModelRequest(error.message, hint=error.hint) from None

    def _send(self, call: dict[str, Any], gate: Gate, tokens: int | None = None) -> Sent:
        """Send a call, again after a wait where that may help; `tokens` as `Gate` takes them."""
        client = self._client()
        return send_patiently(
            lambda: self._send_once(client, call),
            _used_tokens,
            gate,
            tokens,
            sleep=self._sleep,
            jitter=self._jitter,
        )

    def _send_once(self, client: Any, call: dict[str, Any]) -> dict[str, Any] | CallFailure:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            if self._is_stream:
                return converse_by_stream(client, call)
            response: dict[str, Any] = client.converse(**call)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            logger.debug("Bedrock did not answer", exc_info=True)
            return failure_of(error)
        return response if "stopReason" in response else UNREADABLE

    def _session(self) -> Any:
        with self._lock:
            if self._opened_session is None:
                self._opened_session = open_session()
            return self._opened_session

    def _client(self) -> Any:
        from botocore.exceptions import BotoCoreError

        with self._lock:
            if self._opened_client is None:
                config = sent_once(self._read_timeout_s)
                try:
                    self._opened_client = self._session().client(
                        "bedrock-runtime",
                        region_name=self.region,
                        endpoint_url=self._endpoint_url or None,
                        config=config,
                    )
                except (BotoCoreError, ValueError) as error:
                    raise failure_of(error).as_error(1) from error
            return self._opened_client


def _used_tokens(response: dict[str, Any]) -> int:
    used = read_usage(response)
    return used.input_tokens + used.output_tokens


def _tokens_of(call: dict[str, Any]) -> int:
    """Tokens of a call without media, with what it reserves for the answer."""
    words = json.dumps([call["messages"], call.get("system"), call["toolConfig"]])
    return text_tokens(words) + int(call["inferenceConfig"]["maxTokens"])
