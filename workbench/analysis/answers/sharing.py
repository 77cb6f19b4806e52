"""An answer about several pictures, taken apart: each one's is kept as if it had been asked alone.

The key of a picture's answer is that of the question about it alone, whatever call answers it: the
same model, picture, words and settings. So it is found again in any company, replies of before this
was done stay good, and nothing is paid twice. The whole reply is kept first, under its own key; from
it this can be done again by whoever finds it, when its maker has died.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from workbench.analysis.answers.answer import Answer
from workbench.analysis.plans.question import CUT, kept_answer
from workbench.backends.call_cache import CallCache
from workbench.backends.sharing import Share, Sharer, split_usage
from workbench.backends.usage import Cost, Usage


def answers_in(data: Mapping[str, Any], count: int) -> list[dict[str, Any] | None]:
    """The answer about each of several pictures.

    Args:
        data: What was answered about all of them.
        count: How many there are.

    Returns:
        An answer for each, in their order; None for one that is missing, is not in the agreed
        form, or is there twice with different words: nobody knows which is meant. Entries with a
        number that no picture has are left out.

    Example:
        >>> answers_in({"pictures": [{"number": 2, "summary": "A pump."}, {"number": 7}]}, 2)
        [None, {'summary': 'A pump.'}]
    """
    given = data.get("pictures")
    by_number: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for entry in given if isinstance(given, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("number"), int):
            said = {name: value for name, value in entry.items() if name != "number"}
            by_number[entry["number"]].append(said)
    return [_only(by_number[number]) for number in range(1, count + 1)]


def _only(entries: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    if not entries or any(each != entries[0] for each in entries):
        return None
    try:
        Answer.model_validate(entries[0])
    except ValidationError:
        return None
    return entries[0]


def usages_in(usage: Usage, sharers: Sequence[Sharer], data: Mapping[str, Any]) -> list[Usage]:
    """What of a call is each picture's, by its weight in the question and its letters in the answer.

    They add up to the whole. Where nothing was answered that can be used, as in a cut answer, what
    was written is split evenly.
    """
    letters = [
        0 if answer is None else len(json.dumps(answer, ensure_ascii=False))
        for answer in answers_in(data, len(sharers))
    ]
    return split_usage(usage, [each.weight for each in sharers], letters)


def shares_of(
    usage: Usage,
    sharers: Sequence[Sharer],
    data: Mapping[str, Any],
    price: Callable[[Usage], Cost],
) -> tuple[Share, ...]:
    """What of a call's bill is each picture's; tokens and dollars add up to the bill.

    Args:
        usage: What the call was billed for.
        sharers: The pictures it was about.
        data: What was answered about all of them; empty where nothing was.
        price: Prices an amount; by the token, so that parts add up.
    """
    return tuple(
        Share(sharer.key, sharer.asset_id, part, price(part))
        for sharer, part in zip(sharers, usages_in(usage, sharers, data), strict=True)
    )


def take_apart(cache: CallCache, key: str, sharers: Sequence[Sharer]) -> bool:
    """Keep the answer about each picture of a call under its own key; done again it is the same.

    Args:
        cache: Where replies are kept.
        key: Of the reply to the question about all of them.
        sharers: The pictures.

    Returns:
        Is there a reply about all of them? It may leave some out.

    Raises:
        DiskFull: There is no room for them.
        LibraryError: The folder cannot be written to.
    """
    whole = cache.get(key)
    if whole is None or whole.stop_reason == CUT:
        return False
    answers = answers_in(whole.data, len(sharers))
    usages = usages_in(whole.usage, sharers, whole.data)
    for sharer, answer, usage in zip(sharers, answers, usages, strict=True):
        if answer is not None and kept_answer(cache, sharer.key) is None:
            part = replace(whole, data=answer, usage=usage, shared_by=len(sharers), shared_key=key)
            cache.put(sharer.key, sharer.label, part)
    return True


def is_answered(cache: CallCache, key: str, sharers: Sequence[Sharer]) -> bool:
    """Must a call not be made, for its reply is kept, or that about one of its pictures?

    What is kept about one of several would be paid again: whoever asks has to ask anew, about the
    others.

    Args:
        cache: Where replies are kept.
        key: Of the question.
        sharers: The pictures it is about, where they are several.

    Raises:
        DiskFull: There is no room for a part of the reply.
        LibraryError: The folder cannot be used.
    """
    if not sharers:
        return kept_answer(cache, key) is not None
    if take_apart(cache, key, sharers):
        return True
    return any(kept_answer(cache, each.key) is not None for each in sharers)
