"""Make the sample: a narrated film of a pump room, its truth, and three photos.

It is made once: a second call finds the finished files and returns at once. The truth is written
last, so a sample without it is not finished. Nothing is downloaded and no account is needed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MediaError
from workbench.jsonable import to_json
from workbench.media.outputs import atomic_output
from workbench.progress import Progress, silent
from workbench.sample.film import write_film
from workbench.sample.narration import FRAME_RATE, Narration, Speak, TimedShot, narrate
from workbench.sample.pictures.photos import (
    NAMEPLATE_WORDS,
    PANEL_WORDS,
    gauge_panel,
    nameplate,
)
from workbench.sample.pictures.shown import Picture, picture, room_photo
from workbench.sample.pictures.slides import Heading
from workbench.sample.script import Script, load_script
from workbench.sample.truth import (
    TruePhoto,
    TrueSentence,
    TrueShot,
    Truth,
    read_truth,
    true_chapters,
    true_equipment,
    true_screen_text,
)
from workbench.speech.subtitles.files import write_srt
from workbench.speech.transcript import Transcript
from workbench.speech.voice import local_voice

if TYPE_CHECKING:
    from PIL import Image

STEM = "pump_room_talk"
"""Name of the film without its suffix."""

PHOTOS = (
    TruePhoto("pump_skid.jpg", (), ("centrifugal pump", "electric motor", "pressure gauge")),
    TruePhoto("nameplate.jpg", NAMEPLATE_WORDS, ("nameplate",)),
    TruePhoto("gauge_panel.jpg", PANEL_WORDS, ("pressure gauge",)),
)

SILENT_NOTE = (
    "The film is silent, with subtitles: the local voice is not installed "
    "(pip install hibari-tts==0.2.1)."
)

DRAWINGS_VERSION = 1
"""Raised when the drawings or the film's encoding change."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A finished sample on disk."""

    folder: Path
    video: Path
    photos: tuple[Path, ...]
    truth_path: Path
    truth: Truth
    subtitles: Path | None
    """Sidecar of a silent film; None when it is narrated."""
    was_kept: bool
    """Was it there already?"""
    notes: tuple[str, ...] = ()
    """What the reader should know, a sentence each."""

    @property
    def media(self) -> tuple[Path, ...]:
        """The film and the photos: what to import."""
        return (self.video, *self.photos)


def make_sample(folder: Path, *, progress: Progress = silent) -> Sample:
    """Make the sample in a folder, or find it there.

    The film is 1920 × 1080, 30 frames per second, between three and four minutes long, with five
    topics, an opening and a close. Without the voice package it is silent and comes with subtitles
    in their place.

    Args:
        folder: Where the files go; it is made if missing.
        progress: Told after each sentence, shot and photo: one count over the whole.

    Returns:
        The sample, with its truth.

    Raises:
        DiskFull: There is no room for it.
        RequestError: The folder cannot be written to.
        NotInstalled: The voice package is there, but altered.
    """
    folder = folder.resolve()
    script = load_script()
    speak = _voice()
    version = _version(script, is_narrated=speak is not None)
    if (kept := _kept(folder, version)) is not None:
        return kept
    return _make(folder, script, speak, version, progress)


def _voice() -> Speak | None:
    return local_voice.speak if local_voice.is_available() else None


def _version(script: Script, *, is_narrated: bool) -> str:
    words = hashlib.sha256(to_json(script).encode()).hexdigest()[:10]
    return f"{script.version}.{DRAWINGS_VERSION}-{words}-{'voice' if is_narrated else 'silent'}"


def _kept(folder: Path, version: str) -> Sample | None:
    """The sample in a folder, if it is whole and of this version."""
    truth_path = folder / f"{STEM}.truth.json"
    try:
        truth = read_truth(truth_path)
    except MediaError:
        return None
    video = folder / truth.video
    files = [folder / photo.file for photo in truth.photos]
    if not truth.is_narrated:
        files.append(folder / f"{STEM}.srt")
    if truth.version != version or not all(file.is_file() for file in [video, *files]):
        return None
    if video.stat().st_size != truth.video_bytes:
        return None
    return _sample(folder, truth, was_kept=True)


def _sample(folder: Path, truth: Truth, *, was_kept: bool) -> Sample:
    notes: tuple[str, ...] = ()
    if not truth.is_narrated:
        notes = (SILENT_NOTE,)
    return Sample(
        folder=folder,
        video=folder / truth.video,
        photos=tuple(folder / photo.file for photo in truth.photos),
        truth_path=folder / f"{STEM}.truth.json",
        truth=truth,
        subtitles=None if truth.is_narrated else folder / f"{STEM}.srt",
        was_kept=was_kept,
        notes=notes,
    )


def _make(
    folder: Path, script: Script, speak: Speak | None, version: str, progress: Progress
) -> Sample:
    shots = sum(len(part.shots) for part in script.parts)
    everything = len(script.sentences) + shots + len(PHOTOS)
    finished = 0

    def counted(done: int, total: int, stage: str) -> None:  # noqa: ARG001 - one count over all
        progress(finished + done, everything, stage)

    narration = narrate(script, speak, progress=counted)
    finished += len(script.sentences)
    drawn: dict[int, Picture] = {}

    def draw(shot: TimedShot) -> Picture:
        return drawn.setdefault(id(shot), shot_picture(script, shot))

    video = folder / f"{STEM}.mp4"
    with atomic_output(video) as path:
        # An old truth must not vouch for new files.
        (folder / f"{STEM}.truth.json").unlink(missing_ok=True)
        write_film(narration, draw, path, title=script.name, progress=counted)
    finished += shots
    _write_subtitles(folder, narration)
    _write_photos(folder, counted)
    truth = Truth(
        version=version,
        name=script.name,
        video=video.name,
        video_bytes=video.stat().st_size,
        duration_s=round(narration.duration_s * FRAME_RATE) / FRAME_RATE,
        is_narrated=narration.sound is not None,
        chapters=true_chapters(script, narration),
        sentences=tuple(
            TrueSentence(s.span, s.text) for shot in narration.shots for s in shot.sentences
        ),
        shots=tuple(TrueShot(shot.span, shot.plan.picture) for shot in narration.shots),
        screen_text=true_screen_text(script, narration, draw),
        equipment=true_equipment(script, narration),
        photos=PHOTOS,
    )
    with atomic_output(folder / f"{STEM}.truth.json") as path:
        path.write_text(to_json(truth, indent=1), encoding="utf-8")
    return _sample(folder, truth, was_kept=False)


def shot_picture(script: Script, shot: TimedShot) -> Picture:
    """The picture of a shot, under the heading of its part."""
    part = script.parts[shot.part_index]
    heading = Heading(part.title, part.subtitle, shot.part_index, len(script.parts))
    titles = tuple(other.title for other in script.parts[1:-1])
    return picture(shot.plan.picture, heading, titles)


def _write_subtitles(folder: Path, narration: Narration) -> None:
    path = folder / f"{STEM}.srt"
    if narration.sound is not None:
        # Left by a silent film: it would be believed before the sound.
        path.unlink(missing_ok=True)
        return
    lines = tuple(s for shot in narration.shots for s in shot.sentences)
    with atomic_output(path) as temporary:
        temporary.write_text(write_srt(Transcript(lines, "en", "script")), encoding="utf-8")


def _skid() -> "Image.Image":
    return room_photo("room_wide")


def _write_photos(folder: Path, progress: Progress) -> None:
    makers: tuple[Callable[[], Image.Image], ...] = (_skid, nameplate, gauge_panel)
    for index, (photo, make) in enumerate(zip(PHOTOS, makers, strict=True)):
        image = make()
        with atomic_output(folder / photo.file) as path:
            image.save(path, quality=90)
        progress(index + 1, len(PHOTOS), "photos")
