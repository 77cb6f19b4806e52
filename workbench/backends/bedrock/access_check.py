"""Look, one part after the other, whether the account can do what is wanted of it.

No model is called: nothing here costs more than the few S3 requests of a tiny file. Each finding
that is not in order says the next step, and the policy line where one is missing.
"""

import queue
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.backends.bedrock.account import (
    Account,
    Availability,
    HostedModel,
    Identity,
    Profile,
    policy_line,
)
from workbench.backends.catalog.models import Catalog, ModelInfo, Quality
from workbench.backends.catalog.price_list import IN_REGION
from workbench.backends.catalog.quotas import quotas_of
from workbench.backends.services.transcribe import NO_STAGING_HINT, Transcribe
from workbench.backends.staging.folder import Staging, split_uri
from workbench.backends.staging.shelf import Shelf
from workbench.errors import BackendError, NoCredentials, RequestError, WorkbenchError

State = Literal["ok", "warn", "fail", "off"]

PART_S = 30.0
"""Longest time for one part."""

CLOCK_WARN_S = 60.0
CLOCK_FAIL_S = 300.0
"""A signature counts for five minutes (AWS signature version 4)."""

QUALITIES: tuple[Quality, ...] = ("fast", "balanced", "best")

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+")
_SLOW = "check the network and the region, and try again"


@dataclass(frozen=True, slots=True)
class AccessFinding:
    """What was found about one part."""

    name: str
    state: State
    """`off` is a part that is not set up, or was not looked at."""
    finding: str
    hint: str = ""
    """The next step, or the policy line that is missing."""


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """Where batches are to run; the role is empty when they are not set up."""

    role_arn: str = ""
    input_prefix: str = ""
    output_prefix: str = ""


@dataclass(slots=True)
class _Seen:
    """What earlier parts have found."""

    identity: Identity | None = None
    models: dict[str, HostedModel] | None = None
    profiles: dict[str, Profile] | None = None


def check_access(
    account: Account,
    catalog: Catalog,
    *,
    route: str = "auto",
    staging_uri: str = "",
    publish_uri: str = "",
    batch: BatchPlace | None = None,
    transcribe: Transcribe | None = None,
    part_s: float = PART_S,
) -> Iterator[AccessFinding]:
    """Look at credentials, region, models, clock, quotas, staging folder, batches and speech.

    Args:
        account: Who is asked.
        catalog: The models there are.
        route: Inference profile, or `auto`.
        staging_uri: The staging folder in S3; empty for none.
        publish_uri: The folder in S3 for films; empty for none.
        batch: Role and folders of batches; None for none.
        transcribe: Who writes speech down; None where that is done on this machine.
        part_s: Longest time for one part, in seconds.

    Yields:
        Findings, each as soon as it is known.
    """
    places = batch or BatchPlace()
    check = _Check(account, catalog, route, staging_uri, publish_uri, places, transcribe)
    parts: tuple[tuple[str, Callable[[], Sequence[AccessFinding]]], ...] = (
        ("Credentials", check.credentials),
        ("Region", check.of_region),
        ("Models", check.models),
        ("Clock", check.clock),
        ("Quotas", check.quotas),
        ("Staging", check.staging),
        ("Films", check.films),
        ("Batches", check.batches),
        ("Transcribe", check.speech),
    )
    for name, look in parts:
        found = _within(part_s, name, look)
        yield from found
        if name == "Credentials" and found[0].state == "fail":
            yield from _within(part_s, "Clock", check.clock)
            yield AccessFinding("The rest", "off", "Not looked at without credentials.")
            return


def _within(
    limit_s: float, name: str, look: Callable[[], Sequence[AccessFinding]]
) -> Sequence[AccessFinding]:
    """Look at one part, and stop waiting after a while; an error becomes a finding."""
    box: queue.SimpleQueue[Sequence[AccessFinding]] = queue.SimpleQueue()

    def work() -> None:
        found: Sequence[AccessFinding] = (
            AccessFinding(name, "fail", "It could not be looked at."),
        )
        try:
            found = look()
        except WorkbenchError as error:
            found = (AccessFinding(name, "fail", error.message, error.hint),)
        finally:
            box.put(found)

    # A daemon: a service that never answers does not keep the program from ending.
    threading.Thread(target=work, name=f"look at {name}", daemon=True).start()
    try:
        return box.get(timeout=limit_s)
    except queue.Empty:
        return (AccessFinding(name, "fail", f"No answer within {limit_s:.0f} s.", _SLOW),)


@dataclass(slots=True)
class _Check:
    """The parts, in the order they are looked at."""

    account: Account
    catalog: Catalog
    route: str
    staging_uri: str
    publish_uri: str
    batch: BatchPlace
    transcribe: Transcribe | None
    seen: _Seen = field(default_factory=_Seen)

    def credentials(self) -> Sequence[AccessFinding]:
        name = "Credentials"
        origin = self.account.credentials_from()
        try:
            self.seen.identity = identity = self.account.identity()
        except NoCredentials:
            raise
        except BackendError as error:
            # Without a way to STS, as in a closed network, the rest can still be reached.
            words = f"Found ({origin}); whose they are is not known: {error.message}"
            return (AccessFinding(name, "warn", words, error.hint),)
        words = f"Account {identity.account}, {identity.arn} ({origin})"
        return (AccessFinding(name, "ok", words),)

    def of_region(self) -> Sequence[AccessFinding]:
        region = self.account.region
        if region not in self.account.regions():
            hint = "set WORKBENCH_AWS_REGION to a region with Bedrock, such as us-east-1"
            return (
                AccessFinding("Region", "warn", f"{region} is not known to have Bedrock", hint),
            )
        return (AccessFinding("Region", "ok", region),)

    def clock(self) -> Sequence[AccessFinding]:
        ahead_s = self.account.clock_ahead_s
        if ahead_s is None:
            return (AccessFinding("Clock", "off", "No answer to compare it with."),)
        side = "ahead of" if ahead_s > 0 else "behind"
        words = f"{abs(ahead_s):.0f} s {side} AWS"
        hint = "set this machine's clock (`timedatectl set-ntp true`): AWS refuses five minutes"
        if abs(ahead_s) >= CLOCK_FAIL_S:
            return (AccessFinding("Clock", "fail", words, hint),)
        if abs(ahead_s) >= CLOCK_WARN_S:
            return (AccessFinding("Clock", "warn", words, hint),)
        # The service says whole seconds.
        return (AccessFinding("Clock", "ok", "The same as AWS's, within a few seconds"),)

    def models(self) -> Sequence[AccessFinding]:
        found = []
        try:
            self.seen.models = {model.id: model for model in self.account.models()}
        except BackendError as error:
            found.append(AccessFinding("Model list", "warn", error.message, error.hint))
        try:
            self.seen.profiles = {profile.id: profile for profile in self.account.profiles()}
        except BackendError as error:
            found.append(AccessFinding("Profile list", "warn", error.message, error.hint))
        return [*found, *map(self._model, self._wanted())]

    def _wanted(self) -> list[ModelInfo]:
        models = self.catalog.models(engine="nova")
        return [model for model in models if model.lifecycle in ("active", "legacy")]

    def _is_first_choice(self, model: ModelInfo) -> bool:
        """Does `auto` take it for anything?"""
        media = model.accepts & {"text", "image", "video"}
        return any(self.catalog.choose(q, media, "nova").key == model.key for q in QUALITIES)

    def _model(self, model: ModelInfo) -> AccessFinding:
        name = f"Model {model.key}"
        bad: State = "fail" if self._is_first_choice(model) else "warn"
        try:
            route = self.catalog.route_for(model, self.route, self.account.region)
        except RequestError as error:
            return AccessFinding(name, bad, error.message, error.hint)
        model_id = model.ids[route]
        missing = self._missing(model, route)
        if missing:
            hint = "set WORKBENCH_NOVA_ROUTE or WORKBENCH_AWS_REGION; `workbench models --check`"
            return AccessFinding(name, bad, missing, hint)
        try:
            availability = self.account.availability(model.model_id)
        except BackendError as error:
            words = f"{model_id}: whether the account may use it is not known: {error.message}"
            return AccessFinding(name, "warn", words, error.hint)
        refused = _refusal(availability, by_profile=route != IN_REGION)
        if refused:
            return AccessFinding(
                name, bad, f"{model_id}: {refused}", self._cure(availability, model, route)
            )
        return AccessFinding(name, "ok", f"{model_id}{self._leads_to(model_id)}")

    def _missing(self, model: ModelInfo, route: str) -> str:
        """Why a model cannot be called by its route; empty when it can, or nobody knows."""
        model_id, region = model.ids[route], self.account.region
        if route == IN_REGION:
            if self.seen.models is None:
                return ""
            theirs = self.seen.models.get(model_id)
            if theirs is None:
                return f"{model_id} is not offered in {region}"
            return (
                "" if theirs.is_on_demand else f"{model_id} is offered in {region} by profile only"
            )
        if self.seen.profiles is None:
            return ""
        profile = self.seen.profiles.get(model_id)
        if profile is None:
            return f"there is no inference profile {model_id} in {region}"
        return "" if profile.is_active else f"the inference profile {model_id} is not active"

    def _leads_to(self, model_id: str) -> str:
        profile = (self.seen.profiles or {}).get(model_id)
        regions = sorted({arn.split(":")[3] for arn in profile.model_arns}) if profile else []
        named = [region for region in regions if region]
        return f", answered in {', '.join(named)}" if named else ""

    def _cure(self, told: Availability, model: ModelInfo, route: str) -> str:
        if told.authorization == "NOT_AUTHORIZED":
            profile = (self.seen.profiles or {}).get(model.ids[route])
            arns = [profile.arn, *profile.model_arns] if profile else [
                f"arn:aws:bedrock:*::foundation-model/{model.model_id}"
            ]  # fmt: skip
            return f"allow `{policy_line('bedrock:InvokeModel', arns)}`"
        return "ask for access in the Bedrock console, Model access; the region counts"

    def quotas(self) -> Sequence[AccessFinding]:
        everything = self.account.quotas()
        return [
            finding
            for model in self._wanted()
            if (finding := self._quotas_of(model, everything)) is not None
        ]

    def _quotas_of(self, model: ModelInfo, everything: dict[str, float]) -> AccessFinding | None:
        name = f"Quota {model.key}"
        try:
            route = self.catalog.route_for(model, self.route, self.account.region)
        except RequestError:
            return None  # the line about the model says so
        found = quotas_of(model, route, everything)
        if found.is_closed:
            hint = "ask for more under Service Quotas, Amazon Bedrock: new accounts start with 0"
            return AccessFinding(name, "fail", "It is 0: every call would be throttled", hint)
        told = [
            f"{number:,} {words}"
            for number, words in (
                (found.tokens_per_minute, "tokens/min"),
                (found.requests_per_minute, "requests/min"),
                (found.tokens_per_day, "tokens/day"),
                (found.least_batch_records, "records at least in a batch"),
            )
            if number is not None
        ]
        if found.tokens_per_minute is None and found.requests_per_minute is None:
            return AccessFinding(name, "warn", f"The account lists none for the route {route}")
        options = [
            f"--{option} {number}"
            for option, number in (
                ("requests", found.requests_per_minute),
                ("tokens", found.tokens_per_minute),
            )
            if number is not None
        ]
        hint = f"to keep to it: `workbench queues {model.key} {' '.join(options)}`"
        return AccessFinding(name, "ok", ", ".join(told), hint)

    def staging(self) -> Sequence[AccessFinding]:
        if not self.staging_uri:
            hint = "for videos too large for a request: `WORKBENCH_STAGING_URI=s3://bucket/folder`"
            return (AccessFinding("Staging", "off", "No folder in S3 is set", hint),)
        told = Staging(self.staging_uri, region=self.account.region).readiness()
        state: State = "ok" if told.is_ready else "fail"
        return (AccessFinding("Staging", state, told.finding, told.hint),)

    def films(self) -> Sequence[AccessFinding]:
        if not self.publish_uri:
            return ()
        told = Shelf(self.publish_uri, region=self.account.region).readiness()
        state: State = "ok" if told.is_ready else "fail"
        return (AccessFinding("Films", state, told.finding, told.hint),)

    def batches(self) -> Sequence[AccessFinding]:
        place = self.batch
        if not place.role_arn:
            hint = "set WORKBENCH_BEDROCK_BATCH_ROLE_ARN; docs/aws.md has the role's policy"
            return (AccessFinding("Batches", "off", "No role is set", hint),)
        if not (place.input_prefix and place.output_prefix):
            hint = "set WORKBENCH_STAGING_URI=s3://bucket/folder"
            return (AccessFinding("Batches", "fail", "No folder in S3 is set", hint),)
        prefixes = ("Batch input", place.input_prefix), ("Batch output", place.output_prefix)
        return [self._role(), *(self._prefix(name, uri) for name, uri in prefixes)]

    def speech(self) -> Sequence[AccessFinding]:
        if self.transcribe is None:
            return ()
        self.transcribe.require_access()
        if not self.staging_uri:
            words = "It reads sound from S3, and no folder there is set"
            return (AccessFinding("Transcribe", "fail", words, NO_STAGING_HINT),)
        words = "Jobs can be looked at; whether one may be started is seen with the first"
        return (AccessFinding("Transcribe", "ok", words),)

    def _role(self) -> AccessFinding:
        role = _ROLE.fullmatch(self.batch.role_arn)
        if role is None:
            words = f"{self.batch.role_arn!r} is not the ARN of a role"
            hint = "write it as arn:aws:iam::123456789012:role/name"
            return AccessFinding("Batch role", "fail", words, hint)
        if self.seen.identity and role[1] != self.seen.identity.account:
            words = f"The role belongs to account {role[1]}, the credentials to another"
            return AccessFinding("Batch role", "fail", words, "name a role of the same account")
        words = f"{self.batch.role_arn}; what it may do is seen when a batch runs"
        return AccessFinding("Batch role", "ok", words)

    def _prefix(self, name: str, uri: str) -> AccessFinding:
        try:
            split_uri(uri)
            count = len(Staging(uri, region=self.account.region).list())
        except BackendError as error:
            return AccessFinding(name, "fail", error.message, error.hint)
        return AccessFinding(name, "ok", f"{uri} can be listed, {count} objects")


def _refusal(told: Availability, *, by_profile: bool) -> str:
    """What stands against using a model, in words; empty when nothing does."""
    if told.agreement not in ("AVAILABLE", ""):
        return f"its terms are not accepted ({told.agreement.lower()})"
    if told.authorization == "NOT_AUTHORIZED":
        return "these credentials may not call it"
    if told.entitlement == "NOT_AVAILABLE":
        return "the account has no access to it"
    # By a profile it is answered in other regions.
    if told.region == "NOT_AVAILABLE" and not by_profile:
        return "it is not available in this region"
    return ""
