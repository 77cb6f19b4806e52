"""Put a film into a folder in S3 for others, with its captions, its storyboard and where it is from.

Objects belong to the bucket's owner alone, and a link that ends opens the film. Texts are in a file
beside it: an object's own metadata holds 2 KB of ASCII, so that only ids and hashes go there.
"""

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.explain.storyboards.storyboard import Storyboard, write_storyboard
from workbench.explain.storyboards.visuals import Clip, Image
from workbench.jsonable import from_json, to_jsonable

if TYPE_CHECKING:
    from workbench.backends.staging.shelf import Shelf
    from workbench.explain.films.making import Film

FILES = {
    "captions.vtt": "text/vtt; charset=utf-8",
    "captions.srt": "application/x-subrip; charset=utf-8",
    "transcript.md": "text/markdown; charset=utf-8",
    "storyboard.json": "application/json",
    "provenance.json": "application/json",
    "film.mp4": "video/mp4",
}
"""What goes there, the film last: where it is, the rest is too."""

OPEN_TO_ALL = (
    "The link is for everybody only if the bucket's own policy allows s3:GetObject on"
    " arn:aws:s3:::{place}/* to everybody and public policies are not blocked."
)
"""What a plain link needs: objects get no ACL, which new buckets refuse."""


@dataclass(frozen=True, slots=True)
class Published:
    """A film that was put into S3."""

    uri: str
    """Address of the film, `s3://…/film.mp4`."""
    url: str
    """A link that opens it in a browser."""
    expires_at: datetime | None
    """When the link ends; None for one without an end."""
    sent: int = 0
    """Files that were sent; the others were there."""
    note: str = ""
    """What somebody who wants to open it should know."""


def publish(film: "Film", shelf: "Shelf", *, hours: int, is_public: bool = False) -> Published:
    """Bring a film to S3; what is there already is not sent again.

    Args:
        film: A finished film.
        shelf: The folder in S3.
        hours: How long the link opens it.
        is_public: Give the plain link, that has no end and opens what the bucket lets everybody
            read.

    Raises:
        MediaMissing: A file of the film is gone.
        StagingError: S3 refuses; the hint has the policy line that is missing.
        NoCredentials: None were found, or they have run out.
        ServiceDown: S3 cannot be reached.
    """
    uri, sent = "", 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, text in (
            ("storyboard.json", write_storyboard(_without_paths(film))),
            ("provenance.json", provenance(film)),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        for name, content_type in FILES.items():
            made = folder / name
            path = made if made.is_file() else film.folder / name
            uri, is_new = shelf.offer(path, f"{film.id}/{name}", content_type, {"film-id": film.id})
            sent += is_new
    return replace(link_to(uri, shelf, hours=hours, is_public=is_public), sent=sent)


def link_to(uri: str, shelf: "Shelf", *, hours: int, is_public: bool = False) -> Published:
    """A new link to a film that is in S3; nothing is sent.

    It is made when it is wanted and kept nowhere: whoever holds one that ends may open the film,
    and it names the credentials it was signed with.

    Raises:
        BackendError: No link can be signed: there are no credentials.
    """
    if is_public:
        place = uri.removeprefix("s3://").rpartition("/")[0]
        return Published(uri, shelf.address(uri), None, note=OPEN_TO_ALL.format(place=place))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    return Published(uri, shelf.link(uri, hours), until)


def provenance(film: "Film") -> str:
    """Who wrote, spoke and drew a film, what it is made from, and the hashes of its files.

    The same film has the same text.
    """
    story = _read(film)
    told: dict[str, Any] = to_jsonable(film)
    for name in ("folder", "published_uri"):
        del told[name]
    told["sources"] = [
        {"beat": number, **to_jsonable(source)}
        for number, beat in enumerate(story.beats, start=1)
        for source in beat.sources
    ]
    told["texts"] = _texts(film.folder)
    told["sha256"] = {
        name: _sha256(film.folder / name)
        for name in ("film.mp4", "captions.srt", "captions.vtt", "transcript.md")
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _texts(folder: Path) -> dict[str, str]:
    """The question a film answers, and the explanations before its script."""
    found = {
        path.stem: path.read_text(encoding="utf-8").strip()
        for path in (folder / "explanation.md", folder / "refined.md")
        if path.is_file()
    }
    asked = folder / "question.json"
    if asked.is_file():
        found["question"] = json.loads(asked.read_bytes())["request"]["question"]
    return found


def _without_paths(film: "Film") -> Storyboard:
    """The storyboard with the names of its pictures: their folders are nobody's business."""
    story = _read(film)
    beats = [
        replace(beat, show=replace(beat.show, path=Path(beat.show.path).name))
        if isinstance(beat.show, Image | Clip)
        else beat
        for beat in story.beats
    ]
    return replace(story, beats=tuple(beats))


def _read(film: "Film") -> Storyboard:
    return from_json(Storyboard, film.storyboard_path.read_bytes())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
