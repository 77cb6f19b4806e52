"""The part of the store that knows the calls in flight and what an account may send.

Whoever wants to make a call asks here first. A question is asked by one process at a time, a job
never passes its cap, and a model never gets more than its limits, however many processes ask.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import ColumnElement, Connection, delete, or_, select, text, update

from workbench.jsonable import from_json, to_json
from workbench.library.calls.holders import is_batched
from workbench.library.database.door import Database
from workbench.library.database.rows import cost_text, read_cost, silence_s, time_text
from workbench.library.database.tables import calls_in_flight, ledger, limits, sends
from workbench.library.records import CallInFlight, RateLimit

WINDOW_S = 60.0
"""Limits are per minute, and hold for every minute, wherever it begins."""

SPARE_S = 1.0
"""Added to that minute: a request takes a moment to arrive, and a service counts by its clock."""

ADMISSION_LOCK = 706_112_082
"""Any number of our own: the advisory lock under which Postgres admits calls."""

EVERY_OTHER = "*"


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a call may be made now."""

    verdict: Literal["go", "held", "busy", "over", "over_budget", "stale"]
    """`held`: another process makes this very call. `busy`: as many as allowed are in flight, or as
    many as the cap has room for at their highest price. `over`: it could pass the cap.
    `over_budget`: it could pass the month's budget. `stale`: calls whose maker has died have to be
    settled first."""
    began_at_s: float = 0.0
    """With `go`, when the call began, by the database's clock."""
    stale: tuple[CallInFlight, ...] = ()
    """Calls that nobody makes any more; their replies may be in the cache."""
    spent_usd: Decimal = Decimal(0)
    """Paid for the job so far; with `over_budget`, in this month, open batches at their most."""
    in_batch: bool = False
    """With `held`, is it an open batch that makes the call?"""


class CallRows:
    """Calls in flight, sends of the last minute, and limits."""

    _database: Database

    def admit(
        self,
        call: CallInFlight,
        *,
        cap_usd: Decimal | None,
        is_alive: Callable[[CallInFlight], bool],
        budget_usd: Decimal | None = None,
    ) -> Admission:
        """Ask whether a call may be made; with `go` it counts as in flight until it is `landed`.

        Args:
            call: The call; its times are set here.
            cap_usd: The most its job may cost in all.
            is_alive: Says whether a call in flight is still being made.
            budget_usd: The most that all calls of this calendar month (UTC) may cost; under one, a
                call without a known price is not made.
        """
        with self._database.writing() as connection:
            one_at_a_time(connection)
            now_s, up_s = self._database.clock_s(connection)
            flying = in_flight(connection, now_s, up_s)
            if stale := tuple(each for each in flying if not is_alive(each)):
                return Admission("stale", stale=stale)
            same = [each for each in flying if each.keys & call.keys]
            if same:
                return Admission("held", in_batch=is_batched(same[0]))
            if refusal := short_of_money(
                connection, call, flying, cap_usd=cap_usd, budget_usd=budget_usd, now_s=now_s
            ):
                return refusal
            limit = _limit(connection, call.model)
            at_once = sum(1 for each in flying if each.model == call.model and not is_batched(each))
            if limit.at_once and at_once >= limit.at_once:
                return Admission("busy")
            row = {
                "cache_key": call.cache_key,
                "model": call.model,
                "job_id": call.job_id,
                "holder": call.holder,
                "started_at_s": now_s,
                "beat_at_s": now_s,
                "most_usd": cost_text(call.most_usd),
                "data": to_json(replace(call, started_at_s=now_s, silent_s=0.0)),
            }
            connection.execute(calls_in_flight.insert().values(**row))
            return Admission("go", began_at_s=now_s)

    def begin_again(
        self, call: CallInFlight, *, cap_usd: Decimal | None, budget_usd: Decimal | None = None
    ) -> Admission:
        """Ask whether a call in flight, whose reply was lost and is in the ledger, may be sent anew.

        With `go` it counts as begun now. Otherwise there is no room for it, and it is not waited
        for: two that wait for each other's room would wait for ever.

        Args:
            call: The call as it was admitted.
            cap_usd: The most its job may cost in all.
            budget_usd: The most that all calls of this calendar month (UTC) may cost.
        """
        mine = calls_in_flight.c.cache_key == call.cache_key
        with self._database.writing() as connection:
            one_at_a_time(connection)
            now_s, up_s = self._database.clock_s(connection)
            flying = in_flight(connection, now_s, up_s)
            others = [each for each in flying if each.cache_key != call.cache_key]
            if refusal := short_of_money(
                connection, call, others, cap_usd=cap_usd, budget_usd=budget_usd, now_s=now_s
            ):
                return refusal
            # The ledger's rows are told apart by when their call began.
            began_s = max(now_s, call.started_at_s + 0.001)
            again = replace(call, started_at_s=began_s, silent_s=0.0, was_sent=False)
            values = {"started_at_s": began_s, "beat_at_s": now_s, "data": to_json(again)}
            connection.execute(update(calls_in_flight).where(mine).values(**values))
            return Admission("go", began_at_s=began_s)

    def beat_calls(self, holder: str) -> None:
        """Say that the calls of a process are still being made."""
        with self._database.writing() as connection:
            now_s = self._database.now_s(connection)
            connection.execute(
                update(calls_in_flight)
                .where(calls_in_flight.c.holder == holder)
                .values(beat_at_s=now_s)
            )

    def landed(self, cache_key: str, holder: str) -> None:
        """A call is no longer in flight: it was answered and kept, or it failed."""
        with self._database.writing() as connection:
            connection.execute(
                delete(calls_in_flight).where(
                    calls_in_flight.c.cache_key == cache_key, calls_in_flight.c.holder == holder
                )
            )

    def calls_in_flight(self, job_id: str | None = None) -> list[CallInFlight]:
        """Calls that are being made, also by processes that have died, oldest first."""
        with self._database.reading() as connection:
            found = in_flight(connection, *self._database.clock_s(connection))
        return [call for call in found if job_id in (None, call.job_id)]

    def reserve_send(self, model: str, tokens: int, cache_key: str = "") -> tuple[int, float]:
        """Ask to send a request to a model now; every send counts, also a repeated one.

        Args:
            model: Key of the catalog.
            tokens: Input and the most output: what Bedrock reserves when a request begins.
            cache_key: The call in flight that is sent; from now on it may have been billed.

        Returns:
            A number for `settle_send` and 0, or 0 and the seconds to wait before asking again.
        """
        with self._database.writing() as connection:
            one_at_a_time(connection)
            now_s = self._database.now_s(connection)
            # Those of the future were written before the clock was set back.
            old, future = sends.c.at_s < now_s - 2 * WINDOW_S, sends.c.at_s > now_s + WINDOW_S
            connection.execute(delete(sends).where(or_(old, future)))
            limit = _limit(connection, model)
            if limit.requests_per_minute or limit.tokens_per_minute:
                query = select(sends.c.at_s, sends.c.tokens).where(
                    sends.c.model == model, sends.c.at_s > now_s - WINDOW_S - SPARE_S
                )
                rows = connection.execute(query.order_by(sends.c.at_s))
                recent = [(row.at_s, row.tokens) for row in rows]
                wait_s = wait_for(limit, recent, tokens, now_s)
                if wait_s > 0:
                    return 0, wait_s
            row = {"model": model, "at_s": now_s, "tokens": tokens}
            done = connection.execute(sends.insert().values(**row).returning(sends.c.id))
            send: int = done.scalar_one()
            _mark_sent(connection, cache_key)
            return send, 0.0

    def settle_send(self, send: int, tokens: int) -> None:
        """Write what a send has really used; Bedrock gives the rest of a reservation back."""
        with self._database.writing() as connection:
            connection.execute(update(sends).where(sends.c.id == send).values(tokens=tokens))

    def limits(self) -> list[RateLimit]:
        """The limits that were set, by model; `*` is always among them."""
        query = select(limits).order_by(limits.c.model)
        with self._database.reading() as connection:
            found = [RateLimit(*row) for row in connection.execute(query)]
        return found if any(limit.model == EVERY_OTHER for limit in found) else [
            RateLimit(EVERY_OTHER), *found
        ]  # fmt: skip

    def limit(self, model: str) -> RateLimit:
        """The limits of one model: its own, or those for every other."""
        with self._database.reading() as connection:
            return replace(_limit(connection, model), model=model)

    def set_limit(self, limit: RateLimit) -> None:
        """Set the limits of a model; they hold from the next call on, in every process."""
        row = {
            "model": limit.model,
            "at_once": limit.at_once,
            "requests_per_minute": limit.requests_per_minute,
            "tokens_per_minute": limit.tokens_per_minute,
        }
        with self._database.writing() as connection:
            connection.execute(self._database.upsert(limits).values(**row))


def one_at_a_time(connection: Connection) -> None:
    """Let nobody else be admitted before this transaction has ended."""
    # SQLite has one writer anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ADMISSION_LOCK})"))


def wait_for(
    limit: RateLimit, recent: Iterable[tuple[float, int]], tokens: int, now_s: float
) -> float:
    """Seconds until a request fits into the limits of every minute; 0 if it does now.

    A request of more tokens than a minute allows is sent when nothing else was for a minute.

    Args:
        limit: Requests and tokens a minute.
        recent: Time in seconds and tokens of what was sent, oldest first.
        tokens: Tokens of the request.
        now_s: This moment.

    Example:
        >>> two = RateLimit("m", requests_per_minute=2)
        >>> wait_for(two, [(10.0, 1), (40.0, 1)], 1, 50.0)
        21.0
        >>> wait_for(RateLimit("m", tokens_per_minute=100), [(10.0, 60), (40.0, 40)], 70, 50.0)
        51.0
    """
    over_s = WINDOW_S + SPARE_S
    sent = [(at_s, each) for at_s, each in recent if at_s > now_s - over_s]
    count, used = len(sent), sum(each for _, each in sent)
    wait_s = 0.0
    for at_s, each in sent:
        few = not limit.requests_per_minute or count < limit.requests_per_minute
        small = not limit.tokens_per_minute or used + tokens <= limit.tokens_per_minute
        if few and small:
            break
        count, used = count - 1, used - each
        wait_s = max(0.001, at_s + over_s - now_s)
    return wait_s


def in_flight(connection: Connection, now_s: float, up_s: float) -> list[CallInFlight]:
    """All calls in flight, oldest first."""
    query = select(calls_in_flight.c.data, calls_in_flight.c.beat_at_s)
    rows = connection.execute(query.order_by(calls_in_flight.c.started_at_s)).all()
    return [
        replace(from_json(CallInFlight, row.data), silent_s=silence_s(row.beat_at_s, now_s, up_s))
        for row in rows
    ]


def _mark_sent(connection: Connection, cache_key: str) -> None:
    same = calls_in_flight.c.cache_key == cache_key
    query = select(calls_in_flight.c.data).where(same)
    data = connection.execute(query).scalar_one_or_none() if cache_key else None
    if data is not None:
        sent = replace(from_json(CallInFlight, data), was_sent=True)
        connection.execute(update(calls_in_flight).where(same).values(data=to_json(sent)))


def _limit(connection: Connection, model: str) -> RateLimit:
    query = select(limits).where(limits.c.model.in_((model, EVERY_OTHER)))
    found = {row[0]: RateLimit(*row) for row in connection.execute(query)}
    return found.get(model) or found.get(EVERY_OTHER) or RateLimit(EVERY_OTHER)


def short_of_money(
    connection: Connection,
    call: CallInFlight,
    flying: list[CallInFlight],
    *,
    cap_usd: Decimal | None,
    budget_usd: Decimal | None,
    now_s: float,
) -> Admission | None:
    """Why the cap of the job or the budget of the month does not allow a call; None if they do."""
    most = call.most_usd or Decimal(0)
    if cap_usd is not None:
        spent = _spent(connection, ledger.c.job_id == call.job_id)
        room = cap_usd - spent - most
        if room < 0:
            return Admission("over", spent_usd=spent)
        # They mostly cost less than they may: it can fit once they have landed.
        if room < _at_risk(each for each in flying if each.job_id == call.job_id):
            return Admission("busy", spent_usd=spent)
    if budget_usd is not None:
        # A batch lands hours later: too long to wait for what it may leave.
        spent = _spent(connection, ledger.c.at >= _month_began(now_s)) + _at_risk(
            each for each in flying if is_batched(each)
        )
        room = budget_usd - spent - most
        if room < 0 or call.most_usd is None:
            return Admission("over_budget", spent_usd=spent)
        if room < _at_risk(each for each in flying if not is_batched(each)):
            return Admission("busy", spent_usd=spent)
    return None


def _at_risk(flying: Iterable[CallInFlight]) -> Decimal:
    """The most that calls in flight may cost."""
    costs = (each.most_usd for each in flying)
    return sum((cost for cost in costs if cost is not None), Decimal(0))


def _spent(connection: Connection, which: ColumnElement[bool]) -> Decimal:
    query = select(ledger.c.cost_usd, ledger.c.outcome, ledger.c.estimated_usd)
    rows = connection.execute(query.where(which, ~ledger.c.was_kept))
    # A lost call may have been billed: under a cap it counts as the most it can have cost.
    costs = [row.estimated_usd if row.outcome == "lost" else row.cost_usd for row in rows]
    return sum((read_cost(cost) or Decimal(0) for cost in costs), Decimal(0))


def _month_began(now_s: float) -> str:
    day = datetime.fromtimestamp(now_s, UTC)
    return time_text(day.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
