"""What models wrote on the way to a film: to be read, to be changed, and to go on from."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.explain.asking.texts import Texts, problems_page, read_texts
from workbench.explain.asking.writing import skipped_roles
from workbench.explain.request import LONGEST_TEXT
from workbench.ui.explain.price import film_request, make_button
from workbench.ui.formats import plain
from workbench.ui.frame import shown_errors
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.asking.writing import Draft
    from workbench.explain.films.making import Film
    from workbench.explain.request import FilmRequest


def stage_texts(film: "Film") -> None:
    """The texts of a film of a question; nothing for other films."""
    texts = read_texts(film.folder)
    if texts is None:
        return
    with st.expander("How it was written", icon=":material/edit_note:", key=f"texts_{film.id}"):
        st.markdown(f"**{plain(texts.request.question)}**")
        editable_texts(texts, key=film.id)


def editable_texts(texts: Texts, *, key: str) -> None:
    """Explanation, refined text and problems; a changed text makes the film again from there.

    Args:
        texts: What was written.
        key: Names the film, for the widgets.
    """
    shown = st.segmented_control(
        "Text",
        ["Explanation", "Refined", "Problems"],
        default="Explanation",
        required=True,
        key=f"text_{key}",
        label_visibility="collapsed",
    )
    if shown == "Explanation":
        _editable(texts, "explanation", texts.explanation, key)
    elif shown == "Refined":
        _editable(texts, "refined", texts.refined, key)
    else:
        st.markdown(problem_list(texts.problems) or "Nothing.")


def problem_list(page: str) -> str:
    r"""The page of problems as Markdown in which words of models are only words.

    Example:
        >>> print(problem_list("# Problems\n\n## Notes\n\n- *Cut*\n"))
        **Notes**
        <BLANKLINE>
        - \*Cut\*
    """
    lines = []
    for line in page.splitlines():
        if line.startswith("## "):
            lines += ["", f"**{plain(line[3:])}**", ""]
        elif line.startswith("- "):
            lines.append(f"- {plain(line[2:])}")
        elif line.strip() and not line.startswith("# "):
            lines.append(plain(line))
    return "\n".join(lines).strip()


AGAIN = {
    "explanation": "It is refined, and the script is written and checked anew.",
    "refined": "The script is written and checked anew.",
}


def _editable(texts: Texts, field: str, kept: str, key: str) -> None:
    if not kept:
        st.caption("Nobody was asked for it: the film goes on from the refined text.")
        return
    writer = texts.models.get("explain" if field == "explanation" else "refine", "")
    names = {model.key: model.name for model in workspace().catalog.models(include_retired=True)}
    st.caption(plain(f"Written by {names.get(writer, writer)}" if writer else "Given by you"))
    text = st.text_area(
        f"The {field} text" if field == "refined" else "The explanation",
        kept,
        height=280,
        max_chars=LONGEST_TEXT,
        key=f"{field}_{key}",
        label_visibility="collapsed",
    )
    if text.strip() in ("", kept.strip()):
        st.caption("Change it to make the film again from here. Only what comes later is asked.")
        return
    with shown_errors():
        st.caption(AGAIN[field])
        make_button(_from_here(texts, field, text), "Make again from here", key=f"again_{field}")


def _from_here(texts: Texts, field: str, text: str) -> "FilmRequest":
    """The same question with a text that replaces what a stage has written."""
    values = texts.request.model_dump()
    values |= {"explanation": texts.explanation, "refined": ""}
    return film_request({**values, field: text})


def kept_texts(request: "FilmRequest", draft: "Draft", *, key: str) -> None:
    """What was written before a film failed or was stopped; a changed text goes on from there."""
    if not draft.refined and not draft.explanation:
        return
    given = skipped_roles(request)
    asked = workspace().film_models(request)
    models = {str(role): "" if role in given else model.key for role, model in asked.items()}
    texts = Texts(request, models, draft.explanation, draft.refined, problems_page(draft))
    st.caption("What is written by now is kept, and not paid again.")
    editable_texts(texts, key=key)


def told_texts(draft: "Draft") -> None:
    """Texts as far as they are written, to be read."""
    for label, text in (("Explanation", draft.explanation), ("Refined", draft.refined)):
        if text:
            with st.expander(label, icon=":material/notes:", key=f"told_{label}"):
                for paragraph in text.split("\n\n"):
                    st.markdown(plain(paragraph))
