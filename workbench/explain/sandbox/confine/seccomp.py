"""A list of system calls that a confined program does without, as a filter for the kernel.

Landlock says nothing about sockets other than TCP, modes of files, or other processes; here they
are refused. Under bubblewrap it is a second wall.
"""

import ctypes
import errno
import os
import struct

from .kernel import PR_SET_SECCOMP, prctl

_KILL, _ALLOW, _ERROR = 0x80000000, 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _MACHINE, _FIRST, _SECOND = 0, 4, 16, 24
"""Where in what the kernel shows the filter: the call, the machine, its first two arguments."""

_X32 = 0x40000000
_NAMESPACES = 0x7E020000
_FILTER_MODE = 2

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# Name: number on x86_64, number on aarch64 (-1: not there), from `asm/unistd.h`.
_REFUSED = {
    # Sockets, and what can open them behind the filter's back.
    "socket": (41, 198), "connect": (42, 203),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # Other processes.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "process_mrelease": (448, 448),
    # Namespaces and mounts.
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "open_tree_attr": (467, 467), "open_by_handle_at": (304, 265),
    # Keys of the user, and memory that other processes of the user could share.
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # Memory that no limit counts.
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # The machine.
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "fanotify_init": (300, 262), "syslog": (103, 116), "acct": (163, 89), "quotactl": (179, 60),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171),
}  # fmt: skip

# Said to have worked and not done: copying a file in Python sets modes and times, and must not fail.
_PRETENDED = {
    "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, -1), "lchown": (94, -1), "fchown": (93, 55), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
    "utime": (132, -1), "utimes": (235, -1), "futimesat": (261, -1), "utimensat": (280, 88),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setattr": (314, 274),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setaffinity": (203, 122),
}  # fmt: skip

_CLONE, _CLONE3, _SOCKETPAIR, _PRLIMIT = (56, 220), (435, 435), (53, 199), (302, 261)


def filter_for(machine: str, *, pretending: bool) -> bytes:
    """The filter as the kernel reads it; empty for a machine whose numbers are not known here.

    Args:
        machine: As `os.uname` calls it.
        pretending: Are changes of modes and times said to have worked, and not done? For a layer
            that does not make files outside read-only.

    Example:
        >>> len(filter_for("x86_64", pretending=True)) % 8, filter_for("vax", pretending=True)
        (0, b'')
    """
    if machine not in _MACHINES:
        return b""
    column, kind = _MACHINES[machine]
    refused = _ERROR | errno.EPERM
    steps = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, kind), (_RETURN, 0, 0, _KILL)]
    steps += [(_LOAD, 0, 0, _NUMBER)]
    if machine == "x86_64":
        steps += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    answers = [(numbers[column], refused) for numbers in _REFUSED.values()]
    answers += [(_CLONE3[column], _ERROR | errno.ENOSYS)]  # the C library falls back to clone
    if pretending:
        answers += [(numbers[column], _ERROR) for numbers in _PRETENDED.values()]
    for number, answer in answers:
        if number >= 0:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]
    steps += [
        (_EQUAL, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST),
        (_ANY_BIT, 0, 1, _NAMESPACES),
        (_RETURN, 0, 0, refused),
        (_RETURN, 0, 0, _ALLOW),
        # Limits of this process only: 0 is itself.
        (_EQUAL, 0, 4, _PRLIMIT[column]),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, refused),
        (_RETURN, 0, 0, _ALLOW),
        # A pair of streams talks to itself; datagrams could be sent elsewhere.
        (_EQUAL, 0, 5, _SOCKETPAIR[column]),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, 0xF),
        (_EQUAL, 1, 0, 1),
        (_RETURN, 0, 0, refused),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def apply(program: bytes) -> None:
    """Hold this process and all that it starts to a filter.

    It must have been told to get no new privileges before.

    Raises:
        OSError: The kernel refuses.
    """
    steps = ctypes.create_string_buffer(program, len(program))
    address = ctypes.addressof(steps)
    count = len(program) // 8
    whole = ctypes.create_string_buffer(struct.pack("@HP", count, address))
    prctl(PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(whole))


def here(*, pretending: bool) -> bytes:
    """The filter for this machine."""
    return filter_for(os.uname().machine, pretending=pretending)
