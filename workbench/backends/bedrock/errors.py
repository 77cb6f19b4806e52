"""What each error of Amazon Bedrock means: which of ours it is, and how often a call is sent.

A call that may have been answered, and so billed, is not sent again behind the user's back: a
timeout is sent once, a cut connection twice.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import (
    AccessDenied,
    BackendError,
    BadModelRequest,
    NoCredentials,
    QuotaExceeded,
    ServiceDown,
    Throttled,
)

CREDENTIALS_HINT = "run `aws configure` (or `aws sso login`), or set AWS_PROFILE; then try again"

_SLOWER = "wait a minute and run again, or run fewer analyses at once; what was answered is kept"
_LATER = "run again later; what was answered is kept and not paid again"
_SHORTER = "choose shorter chunks (chunk_s) or another model, and run again"
_ALLOW = (
    "allow bedrock:InvokeModel (with WORKBENCH_NOVA_STREAM also"
    " bedrock:InvokeModelWithResponseStream) on the inference profile and on the model in every"
    " region it leads to, and see that the account has access to the model"
)
_WHERE = "check the region and WORKBENCH_NOVA_ROUTE; `workbench models` lists the routes"
_NETWORK = "check the network, the region and WORKBENCH_BEDROCK_ENDPOINT_URL; then run again"
_FAULT = "this is a fault in how the call was made"
_AGAIN = "run again: what was paid is not paid twice"
_SMALLER = "make the file smaller or shorter, or use another engine"
_STAGED = (
    "see that WORKBENCH_STAGING_URI is in the region that is called, and that the service may read"
    " it: s3:GetObject"
)
_VOICE = "choose another voice or engine: `workbench voices` lists those of the region"
_CLOCK_HINT = "set this machine's clock: a signature counts for five minutes only"
_SIGNED_HINT = f"{CREDENTIALS_HINT}; if they are right, {_CLOCK_HINT}"

CLOCK = re.compile(
    r"signature (expired|not yet current)|request time.*too (skewed|large)", re.IGNORECASE
)
"""How services say that our clock is wrong."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How one kind of failure is handled."""

    error: type[BackendError]
    sends: int
    """How often the call is sent in all before the error is raised."""
    hint: str


PATIENT = 6
"""Sends for failures that pass with time."""

POLICIES: dict[str, Policy] = {
    "throttlingexception": Policy(Throttled, PATIENT, _SLOWER),
    "toomanyrequestsexception": Policy(Throttled, PATIENT, _SLOWER),
    "modelnotreadyexception": Policy(Throttled, PATIENT, _SLOWER),
    "serviceunavailableexception": Policy(ServiceDown, PATIENT, _LATER),
    "internalserverexception": Policy(ServiceDown, PATIENT, _LATER),
    "modelerrorexception": Policy(ServiceDown, 2, _LATER),
    "modelstreamerrorexception": Policy(ServiceDown, 2, _LATER),
    "modeltimeoutexception": Policy(ServiceDown, 1, _SHORTER),
    "servicequotaexceededexception": Policy(
        QuotaExceeded, 1, "ask for more under Service Quotas, Amazon Bedrock, or wait for the day"
    ),
    "validationexception": Policy(
        BadModelRequest,
        1,
        "the service names the reason; a clip too long or a model not offered on this route are"
        " the common ones",
    ),
    "accessdeniedexception": Policy(AccessDenied, 1, _ALLOW),
    "resourcenotfoundexception": Policy(BadModelRequest, 1, _WHERE),
    "unrecognizedclientexception": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "invalidsignatureexception": Policy(NoCredentials, 1, _SIGNED_HINT),
    "incompletesignatureexception": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "missingauthenticationtokenexception": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "invalidclienttokenid": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "expiredtokenexception": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "expiredtoken": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    # Rekognition's own. As many jobs as allowed: its client waits for one of them to end.
    "provisionedthroughputexceededexception": Policy(Throttled, PATIENT, _SLOWER),
    "internalservererror": Policy(ServiceDown, PATIENT, _LATER),
    "limitexceededexception": Policy(Throttled, 1, _SLOWER),
    "invalids3objectexception": Policy(BadModelRequest, 1, _STAGED),
    "invalidparameterexception": Policy(BadModelRequest, 1, _FAULT),
    "invalidpaginationtokenexception": Policy(BadModelRequest, 1, _AGAIN),
    "idempotentparametermismatchexception": Policy(BadModelRequest, 1, _FAULT),
    "videotoolargeexception": Policy(BadModelRequest, 1, _SMALLER),
    "imagetoolargeexception": Policy(BadModelRequest, 1, _SMALLER),
    "invalidimageformatexception": Policy(BadModelRequest, 1, "send a PNG or a JPEG"),
    "resourcenotreadyexception": Policy(BadModelRequest, 1, _AGAIN),
    "humanloopquotaexceededexception": Policy(QuotaExceeded, 1, _SLOWER),
    # A batch under the same token with other contents, or one that has ended meanwhile.
    "conflictexception": Policy(BadModelRequest, 1, _AGAIN),
    # Transcribe's own.
    "badrequestexception": Policy(BadModelRequest, 1, _FAULT),
    "notfoundexception": Policy(BadModelRequest, 1, _AGAIN),
    "internalfailureexception": Policy(ServiceDown, PATIENT, _LATER),
    # Polly's own.
    "textlengthexceededexception": Policy(BadModelRequest, 1, "speak it in shorter pieces"),
    "enginenotsupportedexception": Policy(BadModelRequest, 1, _VOICE),
    "languagenotsupportedexception": Policy(BadModelRequest, 1, _VOICE),
    "servicefailureexception": Policy(ServiceDown, PATIENT, _LATER),
    "invalidnexttokenexception": Policy(BadModelRequest, 1, _AGAIN),
    "invalidsamplerateexception": Policy(BadModelRequest, 1, _FAULT),
    "invalidssmlexception": Policy(BadModelRequest, 1, _FAULT),
    "lexiconnotfoundexception": Policy(BadModelRequest, 1, _FAULT),
    "marksnotsupportedforformatexception": Policy(BadModelRequest, 1, _FAULT),
    "ssmlmarksnotsupportedfortexttypeexception": Policy(BadModelRequest, 1, _FAULT),
    # S3 has words of its own.
    "accessdenied": Policy(AccessDenied, 1, _ALLOW),
    "slowdown": Policy(Throttled, PATIENT, _SLOWER),
    "invalidaccesskeyid": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "signaturedoesnotmatch": Policy(NoCredentials, 1, _SIGNED_HINT),
    "invalidtoken": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "requesttimetooskewed": Policy(NoCredentials, 1, _CLOCK_HINT),
}
"""Error code in lower case → policy. Codes inside streams differ in case, so case never counts."""

CLIENT_POLICIES: dict[str, Policy] = {
    "NoCredentialsError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "PartialCredentialsError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "CredentialRetrievalError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "UnknownCredentialError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "NoAuthTokenError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "TokenRetrievalError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "MetadataRetrievalError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "ProfileNotFound": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "ConfigParseError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "SSOError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "LoginError": Policy(NoCredentials, 1, CREDENTIALS_HINT),
    "ParamValidationError": Policy(BadModelRequest, 1, "this is a fault in how the call was made"),
    "InvalidRegionError": Policy(BadModelRequest, 1, _WHERE),
    "BaseEndpointResolverError": Policy(BadModelRequest, 1, _WHERE),
    # The other side may have answered, and billed, before the clock ran out.
    "ReadTimeoutError": Policy(ServiceDown, 1, _SHORTER),
    "ConnectionClosedError": Policy(ServiceDown, 2, _NETWORK),
    "ResponseStreamingError": Policy(ServiceDown, 2, _NETWORK),
    "IncompleteReadError": Policy(ServiceDown, 2, _NETWORK),
    "ResponseParserError": Policy(ServiceDown, 2, _NETWORK),
    "SSLError": Policy(ServiceDown, 1, _NETWORK),
    "ProxyConnectionError": Policy(ServiceDown, 2, _NETWORK),
    # Nothing was sent yet.
    "ConnectTimeoutError": Policy(ServiceDown, 3, _NETWORK),
    "EndpointConnectionError": Policy(ServiceDown, 3, _NETWORK),
    "ConnectionError": Policy(ServiceDown, 2, _NETWORK),
    "HTTPClientError": Policy(ServiceDown, 2, _NETWORK),
}
"""Failures on this side by the name of botocore's class, the nearest class first."""

UNSENT = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        *("TokenRetrievalError", "ParamValidationError", "InvalidRegionError"),
        *("ConnectTimeoutError", "EndpointConnectionError"),
    }
)
"""Failures by which the service has heard nothing, and so counts nothing."""

LOST = frozenset(
    {
        *("ReadTimeoutError", "ConnectionClosedError", "ResponseStreamingError"),
        *("IncompleteReadError", "ResponseParserError", "ConnectionError", "HTTPClientError"),
    }
)
"""Failures after which the service may have answered, and billed, what we could not read."""

LOST_STATUSES = frozenset({"502", "504"})
"""Said by something in between that gave up on an answer, in words that are not the service's."""

_BETWEEN = Policy(ServiceDown, 2, _NETWORK)
_REFUSED = Policy(BadModelRequest, 1, _WHERE)
_FAILED = Policy(ServiceDown, PATIENT, _LATER)
_BUSY = Policy(Throttled, PATIENT, _SLOWER)
_DENIED = Policy(AccessDenied, 1, _ALLOW)
_UNKNOWN = Policy(ServiceDown, 1, _NETWORK)


@dataclass(frozen=True, slots=True)
class CallFailure:
    """One failed send."""

    code: str
    message: str
    policy: Policy
    wait_s: float = 0.0
    """What the service asks to wait before the next send; 0 if it does not say."""
    was_sent: bool = True
    """False when the service has certainly heard nothing."""
    service: str = "Bedrock"
    may_be_billed: bool = False
    """True when the service may have answered, and the answer was lost on the way."""

    def as_error(self, sends: int) -> BackendError:
        """Make the error that a person sees."""
        tried = f" (sent {sends} times)" if sends > 1 else ""
        return self.policy.error(
            f"{self.service}: {self.code}: {self.message}{tried}", hint=self.policy.hint
        )


UNREADABLE = CallFailure(
    "UnreadableReply",
    "the reply is cut off, or is not Bedrock's",
    _BETWEEN,
    may_be_billed=True,
)
"""boto3 does not notice a body that ends early: it gives a reply with nothing in it."""


def failure_of(error: Exception, service: str = "Bedrock", allow: str = "") -> CallFailure:
    """Read what boto3 raised: a `ClientError` or another `BotoCoreError`.

    Args:
        error: What was raised.
        service: Name of the service as a person knows it.
        allow: What to allow where access is denied, as a line of a policy; Bedrock's by default.
    """
    failure = replace(_read(error), service=service)
    policy = failure.policy
    if CLOCK.search(failure.message):
        policy = replace(policy, error=NoCredentials, hint=_CLOCK_HINT)
    elif allow and policy.error is AccessDenied:
        policy = replace(policy, hint=f"allow {allow}")
    return replace(failure, policy=policy)


def _read(error: Exception) -> CallFailure:
    response: dict[str, Any] | None = getattr(error, "response", None)
    if isinstance(response, dict):
        return _service_failure(response)
    for kind in type(error).__mro__:
        if kind.__name__ in CLIENT_POLICIES:
            policy = CLIENT_POLICIES[kind.__name__]
            return CallFailure(
                type(error).__name__,
                str(error),
                policy,
                was_sent=kind.__name__ not in UNSENT,
                may_be_billed=kind.__name__ in LOST,
            )
    return CallFailure(type(error).__name__, str(error), _UNKNOWN)


def _service_failure(response: dict[str, Any]) -> CallFailure:
    told = response.get("Error", {})
    code = str(told.get("Code", "") or "no code")
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0) or 0)
    headers = metadata.get("HTTPHeaders", {})
    is_lost = code in LOST_STATUSES
    policy = POLICIES.get(code.lower()) or (_BETWEEN if is_lost else _by_status(status))
    message = str(told.get("Message", "") or f"status {status}")
    wait_s = _seconds(headers.get("retry-after"))
    return CallFailure(code, message.strip()[:500], policy, wait_s, may_be_billed=is_lost)


def _by_status(status: int) -> Policy:
    if status == 429:
        return _BUSY
    if status in {401, 403}:
        return _DENIED
    return _REFUSED if 400 <= status < 500 else _FAILED


def _seconds(header: str | None) -> float:
    try:
        return min(60.0, max(0.0, float(header or 0)))
    except ValueError:
        return 0.0
