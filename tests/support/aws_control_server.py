"""What an account is told about Bedrock, on loopback: models, profiles, access, quotas and prices.

Speaks rest-json for `bedrock` and json-1.1 for `pricing` and `service-quotas`. Requests and replies
are held against botocore's own models. What it tells can be changed, and it fails on command.

    with AwsControlServer() as control:
        control.deny("GetProducts")
        ...                                  # set `control.environment()`
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.loopback import LoopbackHandler, LoopbackServer, aws_environment
from tests.support.service_model import faults_of, reply_faults

REGION = "us-east-1"
TARGETS = {"AWSPriceListService": "pricing", "ServiceQuotasV20190624": "service-quotas"}
ROUTED = {
    "/foundation-models": "ListFoundationModels",
    "/inference-profiles": "ListInferenceProfiles",
    "/foundation-model-availability": "GetFoundationModelAvailability",
}
SEES = ("TEXT", "IMAGE", "VIDEO")


def model(
    model_id: str,
    name: str,
    takes: tuple[str, ...] = SEES,
    gives: tuple[str, ...] = ("TEXT",),
    by: tuple[str, ...] = ("ON_DEMAND", "INFERENCE_PROFILE"),
    **lifecycle: str,
) -> dict[str, Any]:
    """A foundation model as ListFoundationModels shows it."""
    return {
        "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{model_id}",
        "modelId": model_id,
        "modelName": name,
        "providerName": "Amazon" if model_id.startswith("amazon.") else "Other",
        "inputModalities": list(takes),
        "outputModalities": list(gives),
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": list(by),
        "modelLifecycle": {"status": "ACTIVE", **lifecycle},
    }


MODELS = (
    model("amazon.nova-micro-v1:0", "Nova Micro", ("TEXT",)),
    model("amazon.nova-lite-v1:0", "Nova Lite"),
    model("amazon.nova-pro-v1:0", "Nova Pro"),
    model("amazon.nova-lite-v1:0:300k", "Nova Lite", by=("PROVISIONED",)),
    model("amazon.nova-2-lite-v1:0", "Nova 2 Lite", by=("INFERENCE_PROFILE",)),
    model("amazon.nova-2-sonic-v1:0", "Nova 2 Sonic", ("SPEECH",), ("SPEECH", "TEXT"), ("ON_DEMAND",)),
    model("amazon.nova-2-multimodal-embeddings-v1:0", "Nova Embeddings", SEES, ("EMBEDDING",)),
    model("amazon.titan-embed-text-v2:0", "Titan Text V2", ("TEXT",), ("EMBEDDING",)),
    model("amazon.titan-embed-image-v1", "Titan Multimodal", ("TEXT", "IMAGE"), ("EMBEDDING",)),
    model("amazon.nova-canvas-v1:0", "Nova Canvas", ("TEXT",), ("IMAGE",), ("ON_DEMAND",)),
    model("other.words-v1:0", "Words", ("TEXT",)),
)  # fmt: skip

PROFILES = {
    "us.amazon.nova-micro-v1:0": ("us-east-1", "us-west-2"),
    "us.amazon.nova-lite-v1:0": ("us-east-1", "us-west-2"),
    "us.amazon.nova-pro-v1:0": ("us-east-1", "us-west-2"),
    "us.amazon.nova-2-lite-v1:0": ("us-east-1", "us-west-2"),
    "global.amazon.nova-2-lite-v1:0": ("", "us-east-1"),
}

TIERS = {"": "1", "-batch": "0.5", "-flex": "0.5", "-priority": "1.75"}
STANDARD = (
    ("Nova Micro", "", "0.000035", "0.00014", ""),
    ("Nova Lite", "", "0.00006", "0.00024", "0.000015"),
    ("Nova Pro", "", "0.0008", "0.0032", "0.0002"),
    ("Nova 2.0 Lite", "", "0.00033", "0.00275", "0.0000825"),
    ("Nova 2.0 Lite", "-cross-region-global", "0.0003", "0.0025", "0.000075"),
)
"""Model, scope, and dollars per 1K tokens in, out and cached: as of 2026, us-east-1."""


def price_rows() -> dict[tuple[str, str], tuple[str, str]]:
    """Model and end of a usage type → dollars and unit."""
    rows: dict[tuple[str, str], tuple[str, str]] = {}
    for name, scope, given, taken, cached in STANDARD:
        for mark, factor in TIERS.items():
            for word, usd in (("input-tokens", given), ("output-tokens", taken)):
                price = f"{float(usd) * float(factor):.10f}"
                # The list has both orders.
                end = f"{scope}{mark}" if mark == "-batch" else f"{mark}{scope}"
                rows[name, f"{word}{end}"] = (price, "1K tokens")
        if cached:
            rows[name, f"cache-read-input-token-count{scope}"] = (cached, "1K tokens")
            rows[name, f"cache-write-input-token-count{scope}"] = ("0.0000000000", "1K tokens")
        rows[name, "input-tokens-custom-model"] = (given, "1K tokens")
        rows[name, "ProvisionedThroughput-NoCommit-ModelUnits"] = ("44.00", "hour")
    return rows


def quotas() -> dict[str, float]:
    """Name of a quota → its value."""
    found = {"Batch inference job size (in GB) for Nova Lite V1": 5.0}
    for name in ("Nova Micro", "Nova Lite", "Nova Pro", "Nova 2 Lite"):
        for scope in ("Cross-region", "On-demand"):
            found[f"{scope} model inference tokens per minute for Amazon {name}"] = 200_000.0
            found[f"{scope} model inference requests per minute for Amazon {name}"] = 100.0
        found[
            f"Model invocation max tokens per day for Amazon {name} (doubled for cross-region calls)"
        ] = 288_000_000.0
        found[f"Minimum number of records per batch inference job for {name}"] = 100.0
    found["Global cross-region model inference tokens per minute for Amazon Nova 2 Lite"] = 8e6
    return found


@dataclass
class Account:
    """What the server tells; tests change it."""

    models: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {each["modelId"]: json.loads(json.dumps(each)) for each in MODELS}
    )
    profiles: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(PROFILES))
    access: dict[str, dict[str, str]] = field(default_factory=dict)
    """Model id → what differs from full access: `authorizationStatus` …"""
    prices: dict[tuple[str, str], tuple[str, str]] = field(default_factory=price_rows)
    quotas: dict[str, float] = field(default_factory=quotas)
    region: str = REGION
    price_prefix: str = "USE1-"
    products: list[str] | None = None
    """Texts sent in place of the products of the price list."""


class AwsControlServer(LoopbackServer):
    """The server: started by `with`."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.reset()

    def reset(self) -> None:
        """An account that agrees with the catalog, and an empty log."""
        self.account = Account()
        self.page_size = 20
        self.clock_behind_s = 0.0
        """How far the service's clock is behind this machine's."""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """Operation and arguments of every request."""
        self._failures: dict[str, tuple[int, str, str]] = {}
        self._hanging: set[str] = set()

    def environment(self) -> dict[str, str]:
        """What a process needs to know to ask it, and nothing else of AWS."""
        return aws_environment(self.url, "BEDROCK", "PRICING", "SERVICE_QUOTAS")

    def deny(self, *operations: str) -> None:
        """Refuse operations, as where the policy does not allow them."""
        for operation in operations:
            said = f"User is not authorized to perform: {operation}"
            self.fail(operation, "AccessDeniedException", said, status=403)

    def fail(self, operation: str, code: str, message: str, *, status: int = 400) -> None:
        """Answer an operation with an error."""
        self._failures[operation] = (status, code, message)

    def hang(self, operation: str) -> None:
        """Never answer an operation."""
        self._hanging.add(operation)

    def operations(self) -> set[str]:
        """What was asked."""
        return {operation for operation, _ in self.asked}

    def reply(self, operation: str, arguments: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
        """Status, error code and body of the reply to a request."""
        self.asked.append((operation, arguments))
        if operation in self._hanging:
            self.waits(60)
        if operation in self._failures:
            status, code, message = self._failures[operation]
            return status, code, {"message": message}
        answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "ListFoundationModels": self._models,
            "ListInferenceProfiles": self._profiles,
            "GetFoundationModelAvailability": self._availability,
            "GetProducts": self._products,
            "ListServiceQuotas": self._quotas,
        }
        return 200, "", answers[operation](arguments)

    def _models(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"modelSummaries": list(self.account.models.values())}

    def _profiles(self, arguments: dict[str, Any]) -> dict[str, Any]:
        found = [
            {
                "inferenceProfileName": profile_id,
                "inferenceProfileArn": f"arn:aws:bedrock:{self.account.region}:123456789012:inference-profile/{profile_id}",
                "inferenceProfileId": profile_id,
                "models": [
                    {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{profile_id.partition('.')[2]}"}
                    for region in regions
                ],
                "status": "ACTIVE",
                "type": "SYSTEM_DEFINED",
            }
            for profile_id, regions in self.account.profiles.items()
        ]  # fmt: skip
        return self._page(found, "inferenceProfileSummaries", "nextToken", arguments)

    def _availability(self, arguments: dict[str, Any]) -> dict[str, Any]:
        told = self.account.access.get(arguments["modelId"], {})
        return {
            "modelId": arguments["modelId"],
            "agreementAvailability": {"status": told.get("agreement", "AVAILABLE")},
            "authorizationStatus": told.get("authorization", "AUTHORIZED"),
            "entitlementAvailability": told.get("entitlement", "AVAILABLE"),
            "regionAvailability": told.get("region", "AVAILABLE"),
        }

    def _quotas(self, arguments: dict[str, Any]) -> dict[str, Any]:
        found = [
            {"ServiceCode": "bedrock", "QuotaName": name, "QuotaCode": f"L-{n:08X}", "Value": value}
            for n, (name, value) in enumerate(self.account.quotas.items())
        ]
        return self._page(found, "Quotas", "NextToken", arguments)

    def _products(self, arguments: dict[str, Any]) -> dict[str, Any]:
        wanted = {each["Field"]: each["Value"] for each in arguments["Filters"]}
        texts = self.account.products
        if texts is None:
            texts = [
                self._product(f"SKU{n}", name, end, usd, unit)
                for n, ((name, end), (usd, unit)) in enumerate(self.account.prices.items())
                if name == wanted["model"] and wanted["regionCode"] == self.account.region
            ]
        return self._page(texts, "PriceList", "NextToken", arguments)

    def _product(self, sku: str, name: str, end: str, usd: str, unit: str) -> str:
        row = {"unit": unit, "pricePerUnit": {"USD": usd}, "beginRange": "0", "endRange": "Inf"}
        attributes = {
            "model": name,
            "regionCode": self.account.region,
            "usagetype": f"{self.account.price_prefix}{name.replace(' ', '')}-{end}",
        }
        return json.dumps(
            {
                "product": {
                    "sku": sku,
                    "productFamily": "Amazon Bedrock",
                    "attributes": attributes,
                },
                "serviceCode": "AmazonBedrock",
                "terms": {"OnDemand": {f"{sku}.T": {"priceDimensions": {f"{sku}.T.D": row}}}},
            }
        )

    def _page(
        self, found: list[Any], name: str, token: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        start, size = int(arguments.get(token, 0)), self.page_size
        more = {token: str(start + size)} if start + size < len(found) else {}
        return {name: found[start : start + size], **more}


class _Handler(LoopbackHandler[AwsControlServer]):
    def date_time_string(self, timestamp: float | None = None) -> str:
        """The service's clock."""
        behind = timedelta(seconds=self.owner.clock_behind_s)
        return format_datetime(datetime.now(UTC) - behind, usegmt=True)

    def get(self) -> None:
        url = urlsplit(self.path)
        path, _, name = url.path.rpartition("/")
        operation = ROUTED.get(url.path) or ROUTED.get(path, "")
        arguments: dict[str, Any] = {key: each[0] for key, each in parse_qs(url.query).items()}
        if operation == "GetFoundationModelAvailability":
            arguments["modelId"] = unquote(name)
        if "type" in arguments:
            arguments["typeEquals"] = arguments.pop("type")
        if "maxResults" in arguments:
            arguments["maxResults"] = int(arguments["maxResults"])
        self._answer("bedrock", operation, arguments)

    def post(self) -> None:
        target, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        self._answer(TARGETS.get(target, ""), operation, json.loads(self.body() or b"{}"))

    def _answer(self, service: str, operation: str, arguments: dict[str, Any]) -> None:
        if not self.is_signed():
            self._send(403, "MissingAuthenticationTokenException", {"message": "Not signed"})
            return
        if wrong := faults_of(service, operation, arguments):
            self._send(400, "ValidationException", {"message": "; ".join(wrong)})
            return
        status, code, body = self.owner.reply(operation, arguments)
        if not code:
            faults = reply_faults(service, operation, body)
            assert not faults, faults
        self._send(status, code, body)

    def _send(self, status: int, code: str, body: dict[str, Any]) -> None:
        if code:
            self.send_json(status, {"__type": code, **body}, {"x-amzn-errortype": code})
        else:
            self.send_json(status, body)
