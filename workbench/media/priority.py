"""Work that nobody waits for steps back: a laptop stays usable while proxies are made."""

import os
import sys

NICENESS = 10
"""Of 0 to 19. Beside somebody else's work it leaves about nine tenths of a core to that; alone it
costs nothing."""


def step_back() -> None:
    """Lower the priority of the calling thread, and of every thread and program it starts.

    Linux keeps a priority for each thread. Elsewhere it would be the whole process, which may have
    a person waiting for it, so nothing is done there.
    """
    if sys.platform != "linux":
        return
    # Higher already, or not allowed: then it is as it is.
    if os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
