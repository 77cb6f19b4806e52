"""When two titles, or two names of things, are the same: how they are written does not count."""

import re
from difflib import SequenceMatcher

SAME_TITLE = 0.8
"""Title similarity (0 to 1) that counts as clear agreement."""


def normal_title(title: str) -> str:
    """A title without case, numbering, articles and punctuation, for comparing.

    Example:
        >>> normal_title("2. The Mechanical Seals")
        'mechanical seals'
    """
    words = re.findall(r"[^\W_]+", title.casefold())
    while words and (words[0].isdigit() or words[0] in {"chapter", "part", "the", "a", "an"}):
        words.pop(0)
    return " ".join(words)


def title_similarity(one: str, other: str) -> float:
    """How alike two titles are, 0 to 1.

    Example:
        >>> title_similarity("Mechanical seals", "The mechanical seal") > SAME_TITLE
        True
    """
    a, b = normal_title(one), normal_title(other)
    if a == b:
        return 1.0
    # SequenceMatcher is not symmetric: order the pair, so that matching does not depend on it.
    first, second = sorted((a, b))
    return SequenceMatcher(None, first, second).ratio()


def element_key(name: str) -> str:
    """What makes two element names the same: case, article and a plural s do not count.

    Example:
        >>> element_key("The Centrifugal Pumps") == element_key("centrifugal pump")
        True
    """
    words = normal_title(name).split()
    if words and len(words[-1]) > 3:
        last = words[-1]
        if last.endswith("ies"):
            words[-1] = last[:-3] + "y"
        elif last.endswith(("sses", "shes", "ches", "xes")):
            words[-1] = last[:-2]
        elif last.endswith("s") and not last.endswith(("ss", "us", "is")):
            words[-1] = last[:-1]
    return " ".join(words)
