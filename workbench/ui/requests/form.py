"""The form of the Analyse page: its widget keys are the fields of `AnalysisRequest`.

Choosing something starts nothing. A link to the page fills the form.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import ValidationError

from workbench.analysis.fields import first_fault
from workbench.analysis.request import AnalysisRequest
from workbench.errors import RequestError
from workbench.ui import data
from workbench.ui.requests.fields import field_editor
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.media.asset import Asset

FIND = {
    "Summary": "summary",
    "Chapters": "chapters",
    "Equipment": "equipment",
    "Objects": "objects",
    "Topics": "topics",
}
ENGINES = {"Local": "local", "Nova": "nova", "Rekognition": "rekognition"}
DETECT = {
    "Shots": "shots",
    "Technical cues": "cues",
    "Text": "text",
    "Faces": "faces",
    "Moderation": "moderation",
}
QUALITIES = {"Fast": "fast", "Balanced": "balanced", "Best": "best"}
DEPTHS = {"Detailed": "detailed", "Overview": "overview"}
TIERS = {"Standard": "standard", "Flex": "flex", "Priority": "priority", "Batch": "batch"}
LENGTHS = {"Brief": "brief", "Standard": "standard", "Detailed": "detailed"}
LANGUAGES = {
    "English": "en",
    "Arabic": "ar",
    "Chinese": "zh",
    "Dutch": "nl",
    "French": "fr",
    "German": "de",
    "Hindi": "hi",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Portuguese": "pt",
    "Russian": "ru",
    "Spanish": "es",
    "Turkish": "tr",
}
AUTO = "Auto"


def asset_labels(assets: "Mapping[str, Asset]") -> dict[str, str]:
    """Asset id → a label no other asset has: its name, with its id where names repeat.

    Example:
        >>> from pathlib import Path
        >>> from workbench.media.asset import Asset
        >>> two = {i: Asset(i, Path("a.jpg"), "image", "jpeg", 1) for i in ("ab12", "cd34")}
        >>> asset_labels(two)
        {'ab12': 'a.jpg (ab12)', 'cd34': 'a.jpg (cd34)'}
    """
    names = [asset.name for asset in assets.values()]
    return {
        key: asset.name if names.count(asset.name) == 1 else f"{asset.name} ({key[:6]})"
        for key, asset in assets.items()
    }


def asset_chooser(
    assets: "Mapping[str, Asset]", *, key: str = "assets", label: str = "What"
) -> tuple[str, ...]:
    """Choose assets by name; the link holds their ids.

    Args:
        assets: What there is, by id.
        key: Widget key and query parameter.
        label: Over the field.

    Returns:
        Ids, in the order they were chosen.
    """
    labels = asset_labels(assets)
    named = [name for name in st.query_params.get_all(key) if name in assets]
    st.session_state[key] = named

    def follow() -> None:
        st.query_params[key] = st.session_state[key]

    chosen: list[str] = st.multiselect(
        label,
        list(assets),
        key=key,
        on_change=follow,
        format_func=lambda name: labels.get(name, name),
        placeholder="Choose videos, images or sound",
    )
    return tuple(chosen)


def request_form() -> AnalysisRequest | None:
    """Show the form.

    Returns:
        The request, or None while nothing is chosen.

    Raises:
        RequestError: A field is out of range.
    """
    chosen = asset_chooser(data.assets())
    find = st.pills(
        "Find",
        list(FIND),
        selection_mode="multi",
        default=list(FIND),
        key="find",
        bind="query-params",
        wrap=True,
    )
    engine = ENGINES[
        st.segmented_control(
            "Engine",
            list(ENGINES),
            default=_proposed_engine(),
            required=True,
            key="engine",
            bind="query-params",
            wrap=True,
            help="Local runs on this machine and costs nothing. Nova calls Amazon Bedrock. "
            "Rekognition names what it sees.",
        )
    ]
    also = st.pills(
        "Compare with",
        [label for label, each in ENGINES.items() if each != engine],
        selection_mode="multi",
        key="also",
        bind="query-params",
        wrap=True,
        help="Asked about the same files in the same run; the price is that of all.",
    )
    fields: dict[str, Any] = {
        "assets": chosen,
        "find": tuple(FIND[label] for label in find),
        "engine": engine,
        "also": tuple(ENGINES[label] for label in also),
    }
    engines = {engine, *fields["also"]}
    if "rekognition" in engines:
        fields["detect"] = _detect_field()
    if engine == "nova":
        fields |= _model_fields()
    fields["summary_length"] = LENGTHS[
        st.segmented_control(
            "Summary length",
            list(LENGTHS),
            default="Standard",
            required=True,
            key="summary_length",
            bind="query-params",
        )
    ]
    if engine == "nova":
        fields |= _nova_fields()
    # With a key it stays open while fields above it come and go.
    with st.expander("Questions of your own", icon=":material/quiz:", key="box_questions"):
        fields["fields"] = field_editor(key="fields")
    if not chosen or not find:
        return None
    try:
        return AnalysisRequest(**fields)
    except ValidationError as error:
        raise RequestError(first_fault(error), hint="change that part of the form") from error


def _detect_field() -> tuple[str, ...]:
    chosen = st.pills(
        "Rekognition also detects",
        list(DETECT),
        selection_mode="multi",
        key="detect",
        bind="query-params",
        wrap=True,
        help="Each is paid by the minute or picture. Faces are counted and have no names. Persons "
        "are not followed through a video: AWS ended that on 31 October 2025.",
    )
    return tuple(DETECT[label] for label in chosen)


def _proposed_engine() -> str:
    return "Nova" if workspace().settings.default_engine == "nova" else "Local"


def _model_fields() -> dict[str, Any]:
    models = {model.name: model.key for model in workspace().catalog.models(engine="nova")}
    left, right = st.columns(2)
    with left:
        name = st.selectbox("Model", [AUTO, *models], key="model", bind="query-params")
    with right:
        language = st.selectbox("Answer in", list(LANGUAGES), key="language", bind="query-params")
    fields: dict[str, Any] = {
        "model": models.get(name or AUTO, "auto"),
        "language": LANGUAGES[language or "English"],
    }
    if name == AUTO:
        fields["quality"] = QUALITIES[
            st.segmented_control(
                "Auto weighs",
                list(QUALITIES),
                default="Balanced",
                required=True,
                key="quality",
                bind="query-params",
                help="Fast looks at price, best at answers, balanced at both.",
            )
        ]
    return fields


def _nova_fields() -> dict[str, Any]:
    with st.expander("More options", icon=":material/tune:", key="box_options"):
        depth = st.segmented_control(
            "Depth",
            list(DEPTHS),
            default="Detailed",
            required=True,
            key="depth",
            bind="query-params",
            help="Detailed looks at one frame a second, in chunks. Overview makes one call.",
        )
        left, right = st.columns(2)
        chunk_s = left.number_input(
            "Chunk, seconds", 30, 900, 600, 30, key="chunk_s", bind="query-params"
        )
        context_s = right.number_input(
            "Context on each side, seconds", 0, 60, 30, 5, key="context_s", bind="query-params"
        )
        carry = st.toggle(
            "One chunk after another",
            key="carry",
            bind="query-params",
            help="Each chunk is told what those before it hold and what they call things: names "
            "stay the same. It takes longer, and some 1,000 tokens more a chunk.",
        )
        per_call = st.number_input(
            "Pictures in one call",
            1,
            5,
            5,
            key="pictures_per_call",
            bind="query-params",
            help="Five in one call cost less than five calls. In a batch each has its own.",
        )
        tier = st.segmented_control(
            "Service tier",
            list(TIERS),
            default="Standard",
            required=True,
            key="tier",
            bind="query-params",
            wrap=True,
            help="Flex may wait longer for half the price. Priority goes first for more. A batch "
            "takes hours for half the price.",
        )
        instructions = st.text_area(
            "Instructions",
            key="instructions",
            max_chars=4000,
            placeholder="Anything else the model should know or look for",
        )
    return {
        "depth": DEPTHS[depth],
        "chunk_s": float(chunk_s),
        "context_s": float(context_s),
        "carry": carry,
        "pictures_per_call": int(per_call),
        "tier": TIERS[tier],
        "instructions": instructions or "",
    }


def with_cap(request: AnalysisRequest, cap_usd: float | None) -> AnalysisRequest:
    """The same request with a price it may not pass; None for no cap."""
    cap = None if cap_usd is None else Decimal(str(cap_usd))
    return request.model_copy(update={"max_cost_usd": cap})
