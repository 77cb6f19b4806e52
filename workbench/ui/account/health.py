"""Health on screen: a row for each part with what was found and the step that puts it right.

Never a secret, only where it came from.
"""

import streamlit as st

from workbench.ui import data
from workbench.ui.formats import advice, plain
from workbench.ui.session import workspace
from workbench.ui.states import state_badge

OPTIONAL = ("nova", "rekognition", "transcribe", "polly", "openai", "Animation", "Sandbox")
"""Parts that are off and not broken when they are not ready."""

TITLES = {
    "local": "Local engine",
    "nova": "Amazon Nova",
    "rekognition": "Amazon Rekognition",
    "transcribe": "Amazon Transcribe",
    "polly": "Amazon Polly",
    "openai": "OpenAI-compatible server",
    "ffmpeg": "Video tools",
}


def check_again() -> None:
    """A button that looks at everything anew."""
    if st.button("Check again", icon=":material/refresh:", width="stretch"):
        data.forget_health()


def health_rows() -> None:
    """Every part with its state."""
    st.subheader("Health", anchor=False)
    for part in data.health():
        with st.container(border=True):
            name, finding, state = st.columns([2, 6, 1.4], vertical_alignment="center")
            title = TITLES.get(part.name, part.name.replace("_", " "))
            name.markdown(f"**{plain(title[:1].upper() + title[1:])}**")
            finding.text(part.finding[:1].upper() + part.finding[1:])
            if part.hint and not part.is_ready:
                finding.caption(advice(part.hint))
            with state:
                if part.is_ready:
                    state_badge("ready")
                else:
                    state_badge("off" if part.name in OPTIONAL else "failed", word="Off")
    st.caption(f"Data folder: {plain(str(workspace().data_dir))}")
