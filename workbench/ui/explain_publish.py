"""A film in S3: sent by a button, with the link that opens it and when the link ends."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.formats import format_moment, plain
from workbench.ui.frame import act, shown_trouble
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.making import Film
    from workbench.explain.publishing import Published

PLACE = "publish_film"


def publishing(film: "Film") -> None:
    """The link of a published film, and the button that publishes it, or what is missing for that."""
    if film.published is not None:
        _link(film.published)
    if workspace().shelf is None:
        if film.published is None:
            st.caption("To publish films, set `WORKBENCH_PUBLISH_URI` to a folder in S3.")
        return
    st.button(
        "Publish to S3" if film.published is None else "New link",
        icon=":material/cloud_upload:",
        on_click=act,
        args=(PLACE, lambda: workspace().publish_film(film.id)),
        help="Film, captions, storyboard and provenance are sent; what is there is not sent again."
        " The objects are private: the link opens the film until it ends.",
    )
    shown_trouble(PLACE)


def _link(published: "Published") -> None:
    ends = published.expires_at
    if ends is not None and ends <= datetime.now(UTC):
        st.caption(f"Published. The link ended {plain(format_moment(ends))}: make a new one.")
        return
    until = "has no end" if ends is None else f"ends {format_moment(ends)}"
    st.link_button("Open the published film", published.url, icon=":material/open_in_new:")
    st.caption(plain(f"The link {until}."))
    st.code(published.url, language=None)
    if published.note:
        st.caption(plain(published.note))
