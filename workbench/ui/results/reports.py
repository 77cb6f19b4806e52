"""Parts of the Reports page: the notebooks that can be made into reports, and those made.

A report is a job. Its parameters are those of the notebook; what is asked here is what will be
written into its parameters cell.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.analysis.request import DETECTABLE, ENGINES, EVERYTHING
from workbench.ui import data, links
from workbench.ui.formats import format_count, format_moment, plain
from workbench.ui.frame import show_error, shown_errors
from workbench.ui.live import live
from workbench.ui.requests.fields import field_editor
from workbench.ui.requests.form import asset_labels
from workbench.ui.session import workspace
from workbench.ui.states import LOOKS

if TYPE_CHECKING:
    from workbench.library.records import ReportRecord
    from workbench.reports.notebook import NotebookInfo

ASSETS = "assets"
"""The parameter that names media; asked for by name instead of as text."""

ABOUT_ONE = "video_report"
"""The notebook that a link with assets asks for."""

QUESTIONS = "fields"
"""The parameter that holds questions of the user's own; written into a table."""

DATA_DIR = "data_dir"
"""Set by the worker: a report reads the library it is kept in."""

LISTS: dict[str, tuple[str, ...]] = {
    "find": EVERYTHING,
    "also": ENGINES,
    "detect": DETECTABLE,
}
CHOICES = {
    "engine": ["local", "nova", "rekognition"],
    "quality": ["fast", "balanced", "best"],
    "depth": ["detailed", "overview"],
    "summary_length": ["brief", "standard", "detailed"],
    "theme": ["light", "dark"],
}
"""Parameters that take one of a few words."""


def notebook_cards() -> None:
    """A card for each notebook, with what it makes and a button that asks for its parameters."""
    # First the one that every analysis is enough for.
    notebooks = sorted(workspace().notebooks(), key=lambda info: info.name != ABOUT_ONE)
    grid = st.grid(4, min_column_width=250, border=True)
    for notebook in notebooks:
        with grid.cell():
            st.markdown(f"**{plain(notebook.title)}**")
            st.caption(plain(notebook.summary))
            if st.button("Make…", key=f"make_{notebook.name}", icon=":material/description:"):
                st.session_state["making"] = notebook.name
                making(notebook)


def linked_report() -> None:
    """Open the dialog of the report about one video when the link names assets, once."""
    named = st.query_params.get_all("assets")
    if not named or st.session_state.get("asked") == named:
        return
    st.session_state["asked"] = named
    about_one = [n for n in workspace().notebooks() if n.name == ABOUT_ONE]
    if about_one:
        making(about_one[0], tuple(named))


@st.dialog("Make a report", width="medium")
def making(notebook: "NotebookInfo", named: tuple[str, ...] = ()) -> None:
    """Ask for the parameters of a notebook and submit the report.

    Args:
        notebook: What is made.
        named: Assets that are chosen already.
    """
    st.markdown(f"**{plain(notebook.title)}**")
    assets = data.assets()
    labels = asset_labels(assets)
    chosen: list[str] = []
    # One that names no file of its own can do without, and is about all that are chosen.
    is_about_one = bool(notebook.parameters.get(ASSETS))
    if ASSETS in notebook.parameters:
        analysed = [header.asset_id for header in data.headers()] if is_about_one else []
        default = [name for name in named if name in assets] or analysed[:1]
        chosen = st.multiselect(
            "Files",
            list(assets),
            default=default,
            format_func=lambda name: labels[name],
            key=f"report_{notebook.name}_assets",
            placeholder="Choose what the report is about" if is_about_one else "None is needed",
        )
    rest = {n: value for n, value in notebook.parameters.items() if n not in (ASSETS, DATA_DIR)}
    values: dict[str, Any] = {}
    with st.expander("Parameters", icon=":material/tune:"):
        for name, default_value in rest.items():
            if name != QUESTIONS:
                values[name] = _field(notebook, name, default_value)
        if QUESTIONS in rest:
            st.caption("Questions of your own")
            asked = field_editor(key=f"report_{notebook.name}_{QUESTIONS}")
            values[QUESTIONS] = [field.model_dump(mode="json") for field in asked]
    each_its_own = "One report is made for each file." if is_about_one else ""
    st.caption(f"Kept analyses are used again and cost nothing. {each_its_own}")
    abouts = [[asset] for asset in chosen] if is_about_one else [chosen]
    word = f"Make {format_count(max(1, len(abouts)), 'report')}"
    if st.button(word, type="primary", disabled=is_about_one and not chosen):
        with shown_errors():
            changed = {n: v for n, v in values.items() if v != notebook.parameters[n]}
            job = ""
            for each in abouts:
                parameters = {**changed, **({ASSETS: each} if each else {})}
                job = workspace().jobs.submit_report(notebook.name, parameters)
            st.switch_page("pages/jobs.py", query_params={"job": job})


def _field(notebook: "NotebookInfo", name: str, default: Any) -> Any:
    label = name.replace("_", " ").capitalize()
    about: dict[str, Any] = {
        "key": f"report_{notebook.name}_{name}",
        "help": plain(notebook.helps.get(name, "")) or None,
    }
    if name in CHOICES and default in CHOICES[name]:
        return st.selectbox(label, CHOICES[name], index=CHOICES[name].index(default), **about)
    if isinstance(default, bool):
        return st.checkbox(label, value=default, **about)
    if isinstance(default, int | float):
        return st.number_input(label, value=default, **about)
    if isinstance(default, list):
        options = list(dict.fromkeys([*default, *LISTS.get(name, ())]))
        # Where not all that may be said is known, it can be written.
        about["accept_new_options"] = name not in LISTS
        return st.multiselect(label, options, default=default, **about)
    if default is None:
        return st.number_input(label, value=None, placeholder="none", **about)
    return st.text_input(label, value=default, **about)


def made_reports() -> None:
    """The reports that were made, with links that open and download them; new ones come by themselves."""
    st.subheader("Made", anchor=False)
    live(_made)


def _made() -> None:
    import polars as pl

    with shown_errors():
        reports = data.reports()
        if not reports:
            st.caption("None yet.")
            return
        assets = data.assets()
        rows = [_row(report, assets) for report in reports]
        st.dataframe(
            pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)),
            hide_index=True,
            height="content",
            placeholder="–",
            column_config={
                "title": st.column_config.TextColumn("Report", width="large"),
                "about": st.column_config.TextColumn("About", width="medium"),
                "state": "State",
                "made": "Made",
                "open": st.column_config.LinkColumn("Open", display_text="Open"),
                "download": st.column_config.LinkColumn("Download", display_text="HTML"),
                "notebook": st.column_config.LinkColumn("Notebook", display_text="ipynb"),
            },
            alt=f"{format_count(len(reports), 'report')}, the newest first, with links to them.",
        )


def _row(report: "ReportRecord", assets: Mapping[str, Any]) -> dict[str, str | None]:
    names = [assets[name].name for name in report.asset_ids if name in assets]
    return {
        "title": report.title,
        "about": ", ".join(names) or None,
        "state": LOOKS[report.state].word,
        "made": format_moment(report.created_at),
        "open": links.report_url(report.id) if report.path else None,
        "download": links.report_url(report.id, download=True) if report.path else None,
        "notebook": links.report_url(report.id, form="notebook") if report.notebook_path else None,
    }


def shown_report() -> None:
    """The report the link names: its state, and buttons to open and keep it."""
    wanted = st.query_params.get("report", "")
    report = next((each for each in data.reports() if each.id == wanted), None)
    if report is None:
        return
    with st.container(border=True, key="box_report"):
        st.markdown(f"**{plain(report.title)}**")
        if report.state == "failed":
            show_error(report.error or "the report could not be made", report.hint)
        if report.path:
            with st.container(horizontal=True):
                st.link_button(
                    "Open report",
                    links.report_url(report.id),
                    type="primary",
                    icon=":material/open_in_new:",
                )
                st.link_button(
                    "Download",
                    links.report_url(report.id, download=True),
                    icon=":material/download:",
                )
