"""Letters that are not drawn, and what is left of a text without them."""

import re
import unicodedata

_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]")
"""Letters that turn the direction of others or are not drawn: a reader would not see what is said."""


def drawn(text: str) -> str:
    r"""Only what a reader sees of a text: no controls but ends of lines, no letters that turn others.

    A control steers the terminal that shows it.

    Example:
        >>> drawn("\x1b[31mRed\x07 alert\n")
        '[31mRed alert\n'
    """
    seen = _UNSEEN.sub("", text)
    return "".join(c for c in seen if c in "\n\t" or unicodedata.category(c) != "Cc")
