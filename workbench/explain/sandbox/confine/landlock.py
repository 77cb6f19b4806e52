"""Landlock: a process says what it may still open, and the kernel holds it to that for good.

What no rule names is refused. It does not cover looking at names and sizes, changing modes and
times, or sockets that are not TCP: `seccomp` covers those.

Source: the kernel's `userspace-api/landlock` and `linux/landlock.h`.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from .kernel import syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << n for n in range(6))
_MAKE_DIR, _MAKE_REG = 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# No links, pipes, sockets or devices can be made, and nothing that was written is executed.
_WRITE = (
    _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
    | _REFER | _TRUNCATE
)  # fmt: skip
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Version of Landlock → how many rights about files it knows."""

LEAST_VERSION = 3
"""Before it, files outside could be cut off (Linux 6.2)."""

SIGNALS_VERSION = 6
"""From it on, signals to processes outside are refused (Linux 6.12)."""


def landlock_version() -> int:
    """The version of Landlock that this kernel has; 0 where there is none."""
    try:
        return syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def ruleset(version: int) -> bytes:
    """All that a version can refuse, as the kernel wants to be told.

    Example:
        >>> len(ruleset(3)), len(ruleset(4)), len(ruleset(7))
        (8, 16, 24)
    """
    rights = max(count for since, count in _RIGHTS.items() if since <= version)
    attributes = struct.pack("=Q", (1 << rights) - 1)
    if version >= 4:
        attributes += struct.pack("=Q", 0b11)  # bind and connect of TCP
    if version >= SIGNALS_VERSION:
        attributes += struct.pack("=Q", 0b11)  # abstract Unix sockets, signals
    return attributes


def restrict(version: int, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Let this process and all that it starts open only what is named.

    It must have been told to get no new privileges before.

    Args:
        version: Of Landlock, as `landlock_version` says.
        readable: Files and folders that may be read and executed; those that are not there are
            passed over.
        writable: Files that may be written, and folders in which files may be made.

    Raises:
        OSError: The kernel refuses.
    """
    attributes = ruleset(version)
    handled = struct.unpack_from("=Q", attributes)[0]
    rules = syscall(_CREATE_RULESET, _buffer(attributes), len(attributes), 0)
    try:
        for rights, paths in ((_READ, readable), (_WRITE, writable)):
            for path in paths:
                _allow(rules, path, rights & handled)
        syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        beneath = struct.pack("=Qi", rights, opened)
        syscall(_ADD_RULE, rules, _PATH_BENEATH, _buffer(beneath), 0)
    finally:
        os.close(opened)


def _buffer(content: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(content, len(content))
