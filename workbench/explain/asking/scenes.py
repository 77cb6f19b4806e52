"""Scenes that models write: have one put right by the model that checks scripts, and what that costs."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.protocol import ModelRequest
from workbench.explain.asking import prompts
from workbench.explain.asking.replies import KeptReplies, usages
from workbench.explain.asking.script import MOST_SCENES
from workbench.explain.price import PriceLine
from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.rendering import MOST_REPAIRS

SCENE_TOKENS = 700
"""Tokens of a scene that are expected: sixty lines (our arithmetic)."""

MOST_SCENE_TOKENS = 3 * SCENE_TOKENS

_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string", "description": "The whole program."}},
}


def scene_repair(model: ModelInfo, replies: KeptReplies) -> Callable[[str, Sequence[Finding]], str]:
    """What has a scene put right; see `scripts.rendering.Repair`.

    Args:
        model: Who is asked.
        replies: Gives answers.
    """

    def repair(code: str, findings: Sequence[Finding]) -> str:
        question = _question(model, code, [str(each) for each in findings])
        answer = replies.ask("validate", question, SCENE_TOKENS, is_repair=True)
        written = answer.get("code")
        return written if isinstance(written, str) else code

    return repair


def scenes_price(model: ModelInfo, route: str) -> PriceLine:
    """What repairs of scenes may cost; where they are sound as they are, nothing.

    Args:
        model: Who puts them right.
        route: Inference profile that prices go by.
    """
    question = _question(model, "", [])
    told = (0, SCENE_TOKENS, 2 * MOST_SCENE_TOKENS)
    _, _, most = usages(question, model, SCENE_TOKENS, told)
    one = cost_of(most, model, route)
    high = None if one is None else one * MOST_SCENES * MOST_REPAIRS
    free = Decimal(0)
    return PriceLine("rendering_video", model.name, free, high, expected_usd=free)


def _question(model: ModelInfo, code: str, problems: Sequence[str]) -> ModelRequest:
    return ModelRequest(
        task="validate",
        model=model.key,
        prompt=prompts.repair_scene_prompt(code, problems),
        system=prompts.system_prompt(),
        schema=_SCHEMA,
        schema_name="scene",
        max_output_tokens=min(MOST_SCENE_TOKENS, model.max_output_tokens),
    )
