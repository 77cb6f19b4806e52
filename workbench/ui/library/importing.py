"""Bringing media in: a look inside a folder first, uploads, and the sample library.

Importing is a job; nothing is moved, and the page reads no original.
"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from workbench.library.imports.uploads import keep_upload
from workbench.ui.formats import facts, format_bytes, format_count, plain
from workbench.ui.frame import shown_errors
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.imports.importer import FolderListing

PLURALS = {"video": "videos", "image": "images", "audio": "sound files"}


def import_popover() -> None:
    """A button that opens the ways to bring media in."""
    with st.popover("Import", icon=":material/add:", type="primary", width="stretch"):
        folder_form("menu", is_primary=True)
        st.divider()
        upload_form("menu")
        st.divider()
        if st.button("Add the sample library", type="tertiary", icon=":material/play_circle:"):
            workspace().jobs.submit_sample()
            st.rerun()


def folder_form(key: str, *, is_primary: bool = False) -> None:
    """Ask for a folder, show what is inside, and import it.

    Args:
        key: Prefix of the widget keys.
        is_primary: May its last button be the primary one of the screen?
    """
    folder = st.text_input(
        "Folder on this machine",
        key=f"{key}_folder",
        placeholder="/media/plant/2026",
        help="Files stay where they are. Folders inside are read too.",
    )
    if st.button("Look inside", key=f"{key}_look", width="stretch"):
        st.session_state[f"{key}_looked"] = folder
    looked = st.session_state.get(f"{key}_looked")
    if not looked or looked != folder:
        return
    with shown_errors():
        listing = workspace().look_inside(Path(folder).expanduser())
        _listing(listing)
        count = len(listing.files)
        proxies = bool(count) and _wants_proxies(key)
        if count and st.button(
            f"Import {format_count(count, 'file')}",
            key=f"{key}_import",
            type="primary" if is_primary else "secondary",
            width="stretch",
        ):
            workspace().jobs.submit_import([Path(folder).expanduser()], proxies=proxies)
            del st.session_state[f"{key}_looked"]
            st.rerun()


def _listing(listing: "FolderListing") -> None:
    kinds: Counter[str] = Counter(found.kind_guess for found in listing.files)
    if not listing.files:
        st.info("No videos, photos or sound files were found there.")
    else:
        counts = [
            format_count(kinds[kind], {"audio": "sound file"}.get(kind, kind), many)
            for kind, many in PLURALS.items()
            if kinds[kind]
        ]
        st.markdown(f"**{facts([*counts, format_bytes(listing.total_bytes)])}**")
    if listing.skipped:
        with st.expander(f"{format_count(len(listing.skipped), 'other file')} left out"):
            for path, reason in listing.skipped[:20]:
                st.caption(f"{plain(Path(path).name)}: {plain(reason)}")
            if len(listing.skipped) > 20:
                st.caption(f"and {len(listing.skipped) - 20} more")


def upload_form(key: str) -> None:
    """Take files from the browser, keep them in the data folder, and import them."""
    files = st.file_uploader(
        "Upload files",
        accept_multiple_files=True,
        key=f"{key}_files_{st.session_state.get(f'{key}_round', 0)}",
        help="For large files name their folder instead: uploads pass through memory.",
    )
    proxies = bool(files) and _wants_proxies(f"{key}_upload")
    if files and st.button(f"Import {format_count(len(files), 'upload')}", key=f"{key}_upload"):
        with shown_errors():
            folder = workspace().data_dir / "uploads"
            kept = [keep_upload(file, file.name, folder) for file in files]
            workspace().jobs.submit_import(kept, proxies=proxies)
            # A new key empties the uploader.
            st.session_state[f"{key}_round"] = st.session_state.get(f"{key}_round", 0) + 1
            st.rerun()


def _wants_proxies(key: str) -> bool:
    return st.checkbox(
        "Make proxies too",
        value=workspace().settings.proxies_on_import,
        key=f"{key}_proxies",
        help="Small copies for models and players, made right after the import. Later they are "
        "made when something needs them, or from this page.",
    )


def newcomer() -> None:
    """What an empty library shows: three ways to begin."""
    st.markdown(
        "Point the workbench at a folder. Files stay where they are; nothing leaves this machine."
    )
    sample, folder, upload = st.columns(3, gap="medium")
    with sample, st.container(border=True, height="stretch"):
        st.markdown("### :material/play_circle: Try the sample library")
        st.caption(
            "A narrated talk of about four minutes and some photos, made on this machine "
            r"in about a minute. The local engine analyses them for \$0."
        )
        if st.button("Open samples", type="primary", icon=":material/bolt:", width="stretch"):
            with shown_errors():
                workspace().jobs.submit_sample()
                st.rerun()
    with folder, st.container(border=True, height="stretch"):
        st.markdown("### :material/folder_open: Import a folder")
        folder_form("first")
    with upload, st.container(border=True, height="stretch"):
        st.markdown("### :material/upload_file: Upload files")
        upload_form("first")
