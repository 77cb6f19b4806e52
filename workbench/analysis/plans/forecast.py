"""What is written down about a call before it is made, so that the estimate can be judged by it."""

import json

from workbench.analysis.plans.estimate import clip_tokens
from workbench.analysis.plans.planned import PlannedCall
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import text_tokens
from workbench.backends.order import Forecast
from workbench.backends.protocol import ModelRequest


def forecast_of(call: PlannedCall, request: ModelRequest, model: ModelInfo) -> Forecast:
    """What a call is expected to use, from its very words.

    Args:
        call: The call as it was planned.
        request: The question as it is sent.
        model: Who is asked.
    """
    words = request.system + request.prompt + json.dumps(request.schema)
    return Forecast(
        task=call.task,
        input_tokens=call.usage.input_tokens,
        output_tokens=call.usage.output_tokens,
        text_tokens=text_tokens(words),
        media_tokens=_media_tokens(call, request, model),
    )


def _media_tokens(call: PlannedCall, request: ModelRequest, model: ModelInfo) -> int | None:
    """Tokens of what is looked at; None where the model's rule does not give one number."""
    total = 0
    for part in request.media:
        if part.kind == "image":
            # The table of the older models is read off examples: near, but not exact.
            if model.image_tokens is None:
                return None
            total += model.image_tokens
        elif part.kind == "video":
            if call.chunk is None or model.sampling is None:
                return None
            low, high = clip_tokens(model, call.chunk)
            if low != high:
                return None
            total += low
    return total
