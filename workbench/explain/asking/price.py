"""What writing the storyboard of a question costs, before anything is sent.

A stage whose question is known is counted to the letter. One that needs what an earlier stage will
write takes the expected length of that, and for its ends the least and the most.
"""

from collections.abc import Mapping
from decimal import Decimal

from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.errors import AnswerCut
from workbench.explain.asking.replies import (
    NOTHING,
    KeptReplies,
    NotKept,
    Range,
    second_round,
    usages,
)
from workbench.explain.asking.roles import ROLES, Role
from workbench.explain.asking.scenes import scenes_price
from workbench.explain.asking.sizes import expected_tokens, most_tokens
from workbench.explain.asking.states import StageLog
from workbench.explain.asking.writing import STATES, Writer, skipped_roles
from workbench.explain.price import PriceLine
from workbench.explain.request import FilmRequest


def writing_price(
    request: FilmRequest,
    models: Mapping[Role, ModelInfo],
    routes: Mapping[Role, str],
    cache: CallCache,
) -> tuple[PriceLine, ...]:
    """What writing the storyboard of a question costs, a line for each model that is asked.

    Args:
        request: The question.
        models: Who does what.
        routes: Role → inference profile that prices go by.
        cache: Kept replies.
    """
    writer = Writer(request, models, KeptReplies(cache), StageLog())
    missing: NotKept | None = None
    try:
        writer.write()
    except NotKept as first:
        missing = first
    except AnswerCut:
        # Nothing more can be paid for it: asking again ends in the same words.
        pass
    lines = []
    roles = [role for role in ROLES if role not in skipped_roles(request)]
    begins = roles.index(missing.role) if missing else len(roles)
    for place, role in enumerate(roles):
        model, route = models[role], routes[role]
        if missing is None or place < begins:
            free = Decimal(0)
            lines.append(PriceLine(STATES[role], model.name, free, free, is_kept=True))
            continue
        if role == missing.role:
            used = _of_known(missing, request, model)
        else:
            used = _of_later(role, roles[begins:place], request, models, writer)
        low, expected, high = (cost_of(each, model, route) for each in used)
        lines.append(PriceLine(STATES[role], model.name, low, high, expected_usd=expected))
    if request.scenes:
        lines.append(scenes_price(models["validate"], routes["validate"]))
    return tuple(lines)


def _of_known(missing: NotKept, request: FilmRequest, model: ModelInfo) -> Range:
    """A stage whose question is known."""
    expected = expected_tokens(missing.role, request.length)
    low, usual, high = usages(missing.question, model, expected)
    if not missing.is_repair:
        high += second_round(missing.question, model, high)
    return low, usual, high


def _of_later(
    role: Role,
    before: list[Role],
    request: FilmRequest,
    models: Mapping[Role, ModelInfo],
    writer: Writer,
) -> Range:
    """A stage that needs what others have still to write.

    It is told the text that was written last, and the check is told the script as well.
    """
    texts = [each for each in before if each in ("explain", "refine")]
    needed = [*texts[-1:], *(each for each in before if each == "script")]
    told = NOTHING
    for each in needed:
        expected = expected_tokens(each, request.length)
        most = min(most_tokens(each, request.length), models[each].max_output_tokens)
        told = (told[0] + expected // 3, told[1] + expected, told[2] + most)
    question = writer.question(role, request.length)
    model = models[role]
    low, usual, high = usages(question, model, expected_tokens(role, request.length), told)
    return low, usual, high + second_round(question, model, high)
