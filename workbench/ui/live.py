"""Parts of a page that follow the jobs by themselves, while the rest of the page stays as it is.

Two fragments, one in the other: the outer one looks seldom, and starts or stops the inner one,
which looks often. A fragment can change the pace of one inside it, but not its own, and without
this a job's beginning or end would cost a run of the whole page.
"""

from collections.abc import Callable

import streamlit as st

from workbench.ui import data
from workbench.ui.frame import shown_errors

OFTEN_S = 2.0
"""Seconds between two looks at what changes."""

SELDOM_S = 10.0
"""Seconds between two looks at what rests."""


def live(draw: Callable[[], None], *, changes: Callable[[], bool] = data.has_active_jobs) -> None:
    """Draw a part of a page now, and again and again.

    Args:
        draw: Draws the part, and shows its own errors.
        changes: Is it worth looking often?
    """

    def paced() -> None:
        with shown_errors():
            if changes():
                st.fragment(draw, run_every=OFTEN_S)()
            else:
                # The place an inner fragment would have, so that what is open in it stays open.
                with st.container():
                    draw()

    st.fragment(paced, run_every=SELDOM_S)()
