"""Media, films and reports on the app's own server, by id and never by path.

A file is streamed from disk with byte ranges. Everything here answers only to the hosts that
`server.allowedHosts` names, so that no other site can read the library through a browser.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from workbench.errors import (
    DiskFull,
    MediaError,
    MediaMissing,
    NotInLibrary,
    RequestError,
    ToolError,
    WorkbenchError,
)
from workbench.media.timecode import parse_time
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.records import ReportRecord

ASSETS = Path(__file__).parent / "assets"

ASSET_ID = re.compile(r"[0-9a-f]{16}")

POSTER_WIDTHS_PX = range(64, 2049)

KEEP_A_DAY = {"Cache-Control": "private, max-age=86400"}
"""An asset is named by its bytes: what is served for an id does not change."""

REPORT_POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data:"
)
"""A report shows text from media: it runs apart from the app and reaches no host at all."""

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
"""Suffix → what the browser is told. Anything else is bytes: nothing of a user's runs as a page."""


def routes() -> list[BaseRoute]:
    """The app's own routes, beside Streamlit's."""
    return [
        Route("/files/{asset_id}/media", _answering(_media)),
        Route("/files/{asset_id}/poster", _answering(_poster)),
        Route("/files/{asset_id}/captions.vtt", _answering(_captions)),
        Route("/files/{asset_id}/strip.jpg", _answering(_strip_picture)),
        Route("/files/{asset_id}/strip.json", _answering(_strip)),
        Route("/files/{asset_id}/sound.json", _answering(_sound)),
        Route("/films/{film_id}/film.mp4", _answering(_film)),
        Route("/films/{film_id}/{number:int}.jpg", _answering(_still)),
        Route("/reports/{report_id}", _answering(_report)),
    ]


def middleware() -> list[Middleware]:
    """Refuse requests that were made under a foreign host name."""
    allowed = st.get_option("server.allowedHosts") or ["*"]
    return [Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed), www_redirect=False)]


def _answering(make: Callable[[Request], Response]) -> Callable[[Request], object]:
    """Run a handler off the event loop and turn known errors into plain answers."""

    async def endpoint(request: Request) -> Response:
        try:
            response = await run_in_threadpool(make, request)
        except (NotInLibrary, MediaMissing) as error:
            response = PlainTextResponse(f"{error}. {error.hint}", status_code=404)
        except RequestError as error:
            response = PlainTextResponse(f"{error}. {error.hint}", status_code=400)
        except WorkbenchError as error:
            response = PlainTextResponse(f"{error}. {error.hint}", status_code=503)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return endpoint


def _asset_id(request: Request) -> str:
    asset_id = str(request.path_params["asset_id"])
    if not ASSET_ID.fullmatch(asset_id):
        raise NotInLibrary(f"{asset_id[:40]!r} is no asset id", hint="ids have 16 digits of 0-9a-f")
    return asset_id


def _file(path: Path, *, headers: dict[str, str], media_type: str) -> FileResponse:
    if not path.is_file():
        raise MediaMissing(
            f"{path.name} is no longer where it was imported from",
            hint="put it back, or import it again from its new place",
        )
    return FileResponse(path, headers=headers, media_type=media_type)


def _media(request: Request) -> Response:
    path = workspace().player_file(_asset_id(request))
    kind = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    return _file(path, headers={"Cache-Control": "private, max-age=600"}, media_type=kind)


def _poster(request: Request) -> Response:
    at = request.query_params.get("t")
    width = request.query_params.get("w", "480")
    if not width.isdecimal() or int(width) not in POSTER_WIDTHS_PX:
        raise RequestError(f"w is {width[:20]!r}", hint="give a width of 64 to 2048 pixels")
    asset = workspace().store.asset(_asset_id(request))
    moment = None if at is None else parse_time(at)
    if asset.kind == "audio":
        return FileResponse(ASSETS / "sound.svg", headers=KEEP_A_DAY, media_type="image/svg+xml")
    try:
        path = workspace().poster(asset.id, at_s=moment, width_px=int(width))
    except MediaError:
        # The file was moved or is damaged: the page says so, the picture only stands in.
        path = ASSETS / "no_picture.svg"
        return FileResponse(path, headers={"Cache-Control": "no-cache"}, media_type="image/svg+xml")
    return _file(path, headers=KEEP_A_DAY, media_type="image/jpeg")


def _strip_picture(request: Request) -> Response:
    path = workspace().strip(_asset_id(request)).path
    return _file(path, headers=KEEP_A_DAY, media_type="image/jpeg")


def _strip(request: Request) -> Response:
    asset_id = _asset_id(request)
    try:
        strip = workspace().strip(asset_id)
    except (MediaError, ToolError, DiskFull):
        return _nothing()
    told = {
        "picture": f"/files/{asset_id}/strip.jpg",
        "moments": strip.moments_s,
        "cell": strip.cell_px,
        "columns": strip.columns,
    }
    return JSONResponse(told, headers=KEEP_A_DAY)


def _sound(request: Request) -> Response:
    try:
        waveform = workspace().waveform(_asset_id(request))
    except (MediaError, ToolError, DiskFull):
        return _nothing()
    if waveform.is_silent:
        return JSONResponse({}, headers=KEEP_A_DAY)
    told = {
        "step": waveform.bucket_s,
        "peaks": waveform.peaks,
        "loudness": waveform.loudness,
    }
    return JSONResponse(told, headers=KEEP_A_DAY)


def _nothing() -> Response:
    """No pictures, no sound, or a file that cannot be read now: the page leaves the lane out."""
    return JSONResponse({}, headers={"Cache-Control": "no-cache"})


def _captions(request: Request) -> Response:
    text = workspace().captions(_asset_id(request)) or "WEBVTT\n"
    return Response(text, media_type="text/vtt", headers={"Cache-Control": "no-cache"})


def _film(request: Request) -> Response:
    film = workspace().find_film(str(request.path_params["film_id"]))
    return _file(film.path, headers={"Cache-Control": "no-cache"}, media_type="video/mp4")


def _still(request: Request) -> Response:
    film = workspace().find_film(str(request.path_params["film_id"]))
    number = int(request.path_params["number"])
    if number >= len(film.beats):
        raise NotInLibrary(
            f"there is no beat {number} in {film.title!r}", hint=f"it has {len(film.beats)}"
        )
    # A film that lacked an animated scene is made again under the same id.
    path = film.folder / film.beats[number].still
    return _file(path, headers={"Cache-Control": "no-cache"}, media_type="image/jpeg")


def _report(request: Request) -> Response:
    wanted = str(request.path_params["report_id"])
    report = _record(wanted)
    as_notebook = request.query_params.get("form") == "notebook"
    path = report.notebook_path if as_notebook else report.path
    if path is None:
        raise NotInLibrary(f"the report {report.title} has no file", hint="make it again")
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": REPORT_POLICY}
    kind = "application/x-ipynb+json" if as_notebook else "text/html"
    response = _file(path, headers=headers, media_type=kind)
    if as_notebook or "download" in request.query_params:
        response.headers["Content-Disposition"] = f'attachment; filename="{wanted}{path.suffix}"'
    return response


def _record(report_id: str) -> "ReportRecord":
    for record in workspace().reports():
        if record.id == report_id:
            return record
    raise NotInLibrary(
        f"there is no report {report_id[:40]!r}", hint="the Reports page lists those there are"
    )
