"""What an AWS account says of itself: who it is, its models, profiles, quotas and prices.

Only questions that cost nothing. Each names the action a policy has to allow, so that a refusal
says which line is missing.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from workbench.backends.bedrock.errors import CREDENTIALS_HINT, failure_of
from workbench.backends.bedrock.session import DEFAULT_REGION, credentials_method, open_session
from workbench.errors import BackendError, BadReply, NoCredentials, ServiceDown

PRICE_LIST_REGION = "us-east-1"
"""Where the Price List API is asked, about any region: it has an address in three of them."""

ANSWER_S = 10.0
"""Longest wait for one answer; these are small."""

PAGES_S = 20.0
"""Longest time for all pages of one list."""


@dataclass(frozen=True, slots=True)
class Question:
    """One operation of one service."""

    service: str
    operation: str
    action: str
    """What a policy has to allow; empty where every account may ask."""


SERVICES = {
    "sts": "STS",
    "bedrock": "Bedrock",
    "service-quotas": "Service Quotas",
    "pricing": "Price List",
}
"""boto3's word for a service → a person's."""

IDENTITY = Question("sts", "get_caller_identity", "")
MODELS = Question("bedrock", "list_foundation_models", "bedrock:ListFoundationModels")
PROFILES = Question("bedrock", "list_inference_profiles", "bedrock:ListInferenceProfiles")
AVAILABILITY = Question(
    "bedrock", "get_foundation_model_availability", "bedrock:GetFoundationModelAvailability"
)
QUOTAS = Question("service-quotas", "list_service_quotas", "servicequotas:ListServiceQuotas")
PRICES = Question("pricing", "get_products", "pricing:GetProducts")


def policy_line(action: str, resource: str | list[str] = "*") -> str:
    """The statement that allows an action, ready for a policy.

    Example:
        >>> policy_line("pricing:GetProducts")
        '{"Effect": "Allow", "Action": "pricing:GetProducts", "Resource": "*"}'
    """
    return json.dumps({"Effect": "Allow", "Action": action, "Resource": resource})


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials are used."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A foundation model as the region lists it."""

    id: str
    name: str
    provider: str
    accepts: frozenset[str]
    """`text`, `image`, `video`, `speech` …"""
    gives: frozenset[str]
    inference: frozenset[str]
    """`ON_DEMAND`, `INFERENCE_PROFILE`, `PROVISIONED`."""
    is_legacy: bool
    ends: date | None

    @property
    def is_on_demand(self) -> bool:
        """Can it be called by its bare id in this region?"""
        return "ON_DEMAND" in self.inference


@dataclass(frozen=True, slots=True)
class Profile:
    """An inference profile that can be called from the region."""

    id: str
    arn: str
    is_active: bool
    model_arns: tuple[str, ...]
    """The models it leads to, one in each region it may be answered in."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the account may use a model; each is the service's own word."""

    agreement: str
    authorization: str
    entitlement: str
    region: str


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A row of the price list."""

    usage_type: str
    unit: str
    usd: Decimal


class Account:
    """The account behind boto3's credentials, in one region. Safe for threads.

    Args:
        region: AWS region; empty for boto3's own default, else us-east-1.
        answer_s: Longest wait for one answer, in seconds.
        pages_s: Longest time for all pages of one list, in seconds.
    """

    def __init__(
        self, region: str = "", *, answer_s: float = ANSWER_S, pages_s: float = PAGES_S
    ) -> None:
        self.clock_ahead_s: float | None = None
        """How far this machine's clock is ahead of the service's; None before the first answer."""
        self._asked_region = region
        self._answer_s = answer_s
        self._pages_s = pages_s
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._opened_session: Any = None

    @property
    def region(self) -> str:
        """The region that is asked about.

        Raises:
            NoCredentials: The profile that is named does not exist.
        """
        return self._asked_region or self._session().region_name or DEFAULT_REGION

    def regions(self) -> frozenset[str]:
        """Regions in which boto3 knows Bedrock."""
        return frozenset(self._session().get_available_regions("bedrock"))

    def credentials_from(self) -> str:
        """Where credentials were found, in boto3's words: `env`, `shared-credentials-file` and so on.

        Raises:
            NoCredentials: There are none.
        """
        method = credentials_method(self._session())
        if not method:
            raise NoCredentials("No AWS credentials were found.", hint=CREDENTIALS_HINT)
        return method

    def identity(self) -> Identity:
        """Whose credentials they are.

        Raises:
            BackendError: The service did not say.
        """
        told = self._ask(IDENTITY)
        return Identity(str(told.get("Account", "")), str(told.get("Arn", "")))

    def models(self) -> tuple[HostedModel, ...]:
        """Every foundation model the region lists.

        Raises:
            BackendError: The service did not say.
        """
        return tuple(_hosted(each) for each in self._ask(MODELS).get("modelSummaries", ()))

    def profiles(self) -> tuple[Profile, ...]:
        """Every inference profile of AWS's own that can be called from the region.

        Raises:
            BackendError: The service did not say.
        """
        arguments = {"typeEquals": "SYSTEM_DEFINED", "maxResults": 1000}
        return tuple(
            Profile(
                each["inferenceProfileId"],
                each["inferenceProfileArn"],
                each.get("status") == "ACTIVE",
                tuple(model["modelArn"] for model in each.get("models", ()) if "modelArn" in model),
            )
            for page in self._pages(PROFILES, "nextToken", arguments)
            for each in page.get("inferenceProfileSummaries", ())
        )

    def availability(self, model_id: str) -> Availability:
        """Whether the account may use a model.

        Args:
            model_id: The bare id of a model.

        Raises:
            BackendError: The service did not say.
        """
        told = self._ask(AVAILABILITY, modelId=model_id)
        return Availability(
            str(told.get("agreementAvailability", {}).get("status", "")),
            str(told.get("authorizationStatus", "")),
            str(told.get("entitlementAvailability", "")),
            str(told.get("regionAvailability", "")),
        )

    def quotas(self) -> dict[str, float]:
        """Every quota of Bedrock by its name.

        Raises:
            BackendError: The service did not say.
        """
        arguments = {"ServiceCode": "bedrock", "MaxResults": 100}
        return {
            str(each["QuotaName"]): float(each["Value"])
            for page in self._pages(QUOTAS, "NextToken", arguments)
            for each in page.get("Quotas", ())
            if "QuotaName" in each and "Value" in each
        }

    def prices(self, name: str) -> tuple[ListedPrice, ...]:
        """Rows of the price list about a model in this region.

        Args:
            name: What the price list calls the model, such as `Nova 2.0 Lite`.

        Raises:
            BackendError: The service did not say.
            BadReply: A row is not in the form that is known.
        """
        wanted = {"model": name, "regionCode": self.region}
        filters = [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in wanted.items()
        ]
        arguments = {"ServiceCode": "AmazonBedrock", "Filters": filters, "MaxResults": 100}
        return tuple(
            row
            for page in self._pages(PRICES, "NextToken", arguments)
            for text in page.get("PriceList", ())
            for row in _rows(text)
        )

    def _pages(
        self, question: Question, token: str, arguments: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        started = time.monotonic()
        more: dict[str, Any] = {}
        while True:
            page = self._ask(question, **arguments, **more)
            yield page
            if not page.get(token):
                return
            more = {token: page[token]}
            if time.monotonic() - started > self._pages_s:
                raise ServiceDown(
                    f"{SERVICES[question.service]}: the list did not end within {self._pages_s:.0f} s",
                    hint="try again later",
                )

    def _ask(self, question: Question, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            client = self._client(question.service)
            told: dict[str, Any] = getattr(client, question.operation)(**arguments)
        except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
            self._note_clock(getattr(error, "response", None))
            raise _refused(question, error) from error
        self._note_clock(told)
        return told

    def _note_clock(self, response: Mapping[str, Any] | None) -> None:
        headers = (response or {}).get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            theirs = parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError):
            return
        self.clock_ahead_s = (datetime.now(UTC) - theirs).total_seconds()

    def _session(self) -> Any:
        with self._lock:
            if self._opened_session is None:
                self._opened_session = open_session()
            return self._opened_session

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                config = Config(
                    connect_timeout=5,
                    read_timeout=self._answer_s,
                    retries={"mode": "standard", "total_max_attempts": 2},
                )
                region = PRICE_LIST_REGION if service == "pricing" else self.region
                self._clients[service] = self._session().client(
                    service, region_name=region, config=config
                )
            return self._clients[service]


def _refused(question: Question, error: Exception) -> BackendError:
    allow = f"`{policy_line(question.action)}`" if question.action else ""
    return failure_of(error, SERVICES[question.service], allow).as_error(1)


def _hosted(told: Mapping[str, Any]) -> HostedModel:
    lifecycle = told.get("modelLifecycle", {})
    ends = lifecycle.get("endOfLifeTime")
    return HostedModel(
        id=str(told["modelId"]),
        name=str(told.get("modelName", "")),
        provider=str(told.get("providerName", "")),
        accepts=frozenset(str(each).lower() for each in told.get("inputModalities", ())),
        gives=frozenset(str(each).lower() for each in told.get("outputModalities", ())),
        inference=frozenset(str(each) for each in told.get("inferenceTypesSupported", ())),
        is_legacy=lifecycle.get("status") == "LEGACY",
        ends=ends.date() if isinstance(ends, datetime) else None,
    )


def _rows(text: str) -> Iterator[ListedPrice]:
    """The prices of one product; the service sends each product as a text of JSON."""
    try:
        product = json.loads(text)
        usage_type = str(product["product"]["attributes"]["usagetype"])
        for term in product["terms"]["OnDemand"].values():
            for row in term["priceDimensions"].values():
                usd = Decimal(str(row["pricePerUnit"]["USD"]))
                yield ListedPrice(usage_type, str(row["unit"]), usd)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise BadReply(
            f"the price list holds a product in a form that is not known: {text[:120]}",
            hint="prices are not compared; the catalog's own stay in use",
        ) from error
