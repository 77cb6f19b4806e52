"""Which pictures of a plan are asked about together, in one call.

The words around a picture cost several times what the picture does (230 tokens flat on Nova 2), and
they are said once for all pictures of a call.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.analysis import prompts
from workbench.analysis.plans.estimate import NUMBER_TOKENS, answer_tokens
from workbench.analysis.plans.planned import PlannedCall
from workbench.analysis.plans.question import ANSWER_TOKENS, Part, build_question, cut_reply
from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import image_tokens, text_tokens
from workbench.backends.protocol import ModelRequest
from workbench.backends.sharing import Sharer
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset

if TYPE_CHECKING:
    from workbench.analysis.plans.plan import PlanContext

ANSWERS_FILL = 5 / 6
"""Part of an answer's most tokens that the answers about a group are expected to take: some are
longer than expected, and a cut answer is paid for and asked again in halves (our choice)."""


def pictures_part(parts: Sequence[Part]) -> Part:
    """One part about several pictures, in their order.

    Args:
        parts: A part for each, at least one.
    """
    return replace(parts[0], others=tuple(each.asset for each in parts[1:]))


def most_together(request: AnalysisRequest, model: ModelInfo, part: Part) -> int:
    """Most pictures that are asked about in one call, at least 1.

    As many as the request says and the model takes inside of a request (Nova 2 user guide: five),
    and no more than whose answers fit into one. In a batch it is one: a batch is half the price
    already, and needs so many records that fewer, larger ones would be refused.

    Args:
        request: What is asked.
        model: Who is asked.
        part: One of the pictures.
    """
    if model.engine != "nova" or request.tier == "batch":
        return 1
    room = ANSWERS_FILL * min(ANSWER_TOKENS, model.max_output_tokens)
    answers = int(room // (answer_tokens(request, part) + NUMBER_TOKENS))
    return max(1, min(request.pictures_per_call, model.max_images, answers))


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the pictures of one plan are put together."""

    request: AnalysisRequest
    model: ModelInfo
    context: "PlanContext"
    """What is kept and measured."""

    def applied(
        self, calls: Sequence[PlannedCall], planned: Callable[[Part], PlannedCall]
    ) -> list[PlannedCall]:
        """The calls of a plan, with those about pictures that are not kept put together.

        Args:
            calls: A call for each picture, among others, in order.
            planned: Plans a call.

        Returns:
            The calls in order; one about several stands where the first of its pictures stood.
        """
        if self.model.engine != "nova" or self.request.pictures_per_call == 1:
            return list(calls)
        about = {call.id: call.part for call in calls if self._may_share(call)}
        instead: dict[str, list[PlannedCall]] = {}
        for group in self._groups(list(about.items())):
            parts = [about[name] for name in group]
            instead |= {name: [] for name in group}
            instead[group[0]] = [planned(part) for part in self._asked_as(parts)]
        return [each for call in calls for each in instead.get(call.id, [call])]

    def _may_share(self, call: PlannedCall) -> bool:
        part = call.part
        if call.is_kept or call.task != "analyse_image" or part.feature:
            return False
        # What was cut alone would be cut in company too.
        key, cache = self._key(part), self.context.cache
        return not (key and cache and cut_reply(cache, key))

    def _groups(self, parts: Sequence[tuple[str, Part]]) -> Iterator[list[str]]:
        """Names of calls whose pictures go together, in order; only groups of several."""
        group: list[str] = []
        size = 0
        for name, part in parts:
            more = self.context.proxy_bytes_of(part.asset.id) or 0
            most = most_together(self.request, self.model, part)
            if group and (len(group) >= most or size + more > self.context.limit_bytes):
                yield group
                group, size = [], 0
            group.append(name)
            size += more
        if group:
            yield group

    def _asked_as(self, parts: Sequence[Part]) -> Iterator[Part]:
        """How a group is asked about, by what is kept of its having been asked before.

        One whose answer was cut is asked in halves. Those that an answer has left out, though all
        of it is kept, are asked alone.
        """
        part = pictures_part(parts)
        cache = self.context.cache
        key = self._key(part) if part.others else ""
        if cache and key and cut_reply(cache, key):
            half = (len(parts) + 1) // 2
            yield from self._asked_as(parts[:half])
            yield from self._asked_as(parts[half:])
        elif cache and key and cache.get(key):
            yield from parts
        else:
            yield part

    def _key(self, part: Part) -> str:
        """Name of a question; empty while one of its pictures is not measured."""
        found = [self.context.evidence_for(asset.id) for asset in part.assets]
        known = [each for each in found if each is not None]
        if self.context.cache is None or len(known) < len(found):
            return ""
        question = build_question(self.request, self.model, part, known[0], more=known[1:])
        return question.cache_key()


def sharers_of(
    question: ModelRequest, model: ModelInfo, pictures: Sequence[tuple[str, Asset, Evidence]]
) -> tuple[Sharer, ...]:
    """The pictures of a question about several, with what of its input each one takes.

    That is the tokens of the picture and of the words about it, and an even part of the words that
    are said once for all.

    Args:
        question: About all of them.
        model: Who is asked.
        pictures: Key of the question about it alone, asset and evidence of each, in order.
    """
    own = [
        text_tokens(prompts.picture_words(number, asset.name, evidence))
        for number, (_, asset, evidence) in enumerate(pictures, start=1)
    ]
    words = text_tokens(question.system + question.prompt + json.dumps(question.schema))
    even = max(0, words - sum(own)) // len(pictures)
    return tuple(
        Sharer(
            key,
            asset.id,
            asset.name,
            max(1, image_tokens(model, asset.width_px, asset.height_px) + said + even),
        )
        for (key, asset, _), said in zip(pictures, own, strict=True)
    )
