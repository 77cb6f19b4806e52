"""Names of the files we make, so that one look tells what they came from.

An upload is `originalname_<file_id>.ext`; a proxy is `originalname_<source_id>_<spec>.ext` and is
named where it is made, in `media`. Names from outside never choose a folder.
"""

import re

from workbench.media.outputs import safe_stem

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def plain_name(name: str) -> str:
    r"""The last part of a name a browser sent, whichever system it comes from.

    Example:
        >>> plain_name("C:\\fakepath\\talk.mp4"), plain_name("../../etc/passwd"), plain_name("..")
        ('talk.mp4', 'passwd', 'file')
    """
    last = re.split(r"[\\/]", name)[-1].strip()
    return "file" if last.strip(".") == "" else last


def upload_name(name: str, file_id: str) -> str:
    """The name an upload is kept under.

    Args:
        name: The name it had on the other side.
        file_id: Its asset id, from its bytes.

    Example:
        >>> upload_name("Pump talk (final).MP4", "9f2c4e1ab0d3c577")
        'Pump-talk-final_9f2c4e1ab0d3c577.mp4'
        >>> upload_name("README", "9f2c4e1ab0d3c577")
        'README_9f2c4e1ab0d3c577'
    """
    plain = plain_name(name)
    suffix = _SUFFIX.search(plain)
    stem = safe_stem(plain) if suffix else safe_stem(plain + ".x")
    return f"{stem}_{file_id}{suffix.group().lower() if suffix else ''}"
