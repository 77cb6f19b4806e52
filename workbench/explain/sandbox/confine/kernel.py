"""What the Linux kernel can do and Python 3.11 has no name for."""

from __future__ import annotations

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2

CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

CAP_DAC_READ_SEARCH = 2
CAP_SYS_ADMIN = 21
CAPABILITY_VERSION = 0x20080522

_LIBC = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, *values: int) -> None:
    """Change a property of this process.

    Raises:
        OSError: The kernel refuses.
    """
    padded = [*values, 0, 0, 0, 0][:4]
    words = [ctypes.c_ulong(value) for value in padded]
    _checked(_LIBC.prctl(ctypes.c_int(option), *words), f"prctl {option}")


def syscall(number: int, *values: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by its number; numbers go as longs, buffers as their address.

    Raises:
        OSError: The kernel refuses.
    """
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    return _checked(_LIBC.syscall(ctypes.c_long(number), *words), f"system call {number}")


def unshare(flags: int) -> None:
    """Leave namespaces for new ones.

    Raises:
        OSError: The kernel refuses; nothing has changed then.
    """
    _checked(_LIBC.unshare(ctypes.c_int(flags)), "unshare")


def has_capability(number: int) -> bool:
    """Has this process the capability now?"""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 (bare interpreter: pathlib costs 5 ms)
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> number & 1)
    return False


def become(user_id: int, group_id: int, *, searching: bool) -> None:
    """Give up being root for good.

    Args:
        user_id: The user to be from now on.
        group_id: Its only group.
        searching: Keep the right to read where permissions of files say no. Only under Landlock,
            which says what may be read, and only where the interpreter cannot be read otherwise.

    Raises:
        OSError: The kernel refuses.
    """
    os.setgroups([])
    if searching:
        prctl(PR_SET_KEEPCAPS, 1)
    os.setresgid(group_id, group_id, group_id)
    os.setresuid(user_id, user_id, user_id)
    if searching:
        bit = 1 << CAP_DAC_READ_SEARCH
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
        sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        _checked(_LIBC.capset(header, sets), "capset")
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH)
