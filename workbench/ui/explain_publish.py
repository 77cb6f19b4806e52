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
    kept = f"link_{film.id}"
    if film.published_uri:
        _link(film.published_uri, st.session_state.get(kept))
    if workspace().shelf is None:
        if not film.published_uri:
            st.caption("To publish films, set `WORKBENCH_PUBLISH_URI` to a folder in S3.")
        return

    def publish() -> None:
        st.session_state[kept] = workspace().publish_film(film.id)

    st.button(
        "New link" if film.published_uri else "Publish to S3",
        icon=":material/cloud_upload:",
        on_click=act,
        args=(PLACE, publish),
        help="Film, captions, storyboard and provenance are sent; what is there is not sent again."
        " The objects are private: the link opens the film until it ends.",
    )
    shown_trouble(PLACE)


def _link(uri: str, published: "Published | None") -> None:
    ends = published.expires_at if published else None
    if published is None or (ends is not None and ends <= datetime.now(UTC)):
        st.caption(plain(f"Published as {uri}. Links are not kept: make one when you need it."))
        return
    until = "has no end" if ends is None else f"ends {format_moment(ends)}"
    st.link_button("Open the published film", published.url, icon=":material/open_in_new:")
    st.caption(plain(f"The link {until}."))
    st.code(published.url, language=None)
    if published.note:
        st.caption(plain(published.note))
