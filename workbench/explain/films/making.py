"""Make a film of a storyboard: speak, draw, put together, and write down what it was made of."""

import hashlib
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from workbench.backends.usage import Cost
from workbench.errors import MediaError
from workbench.explain.animation.compiling import compile_storyboard
from workbench.explain.asking.states import StageLog
from workbench.explain.cards.drawing import Card, card_of, plain_card
from workbench.explain.films.composing import least_of, sounds_of_clips
from workbench.explain.films.film import assemble
from workbench.explain.films.pieces import Piece, Renderer, draw_pieces, renderer_name, save_still
from workbench.explain.narration import (
    FRAME_RATE,
    TimedBeat,
    Voice,
    narrate,
    sound_of,
    transcript_of_film,
)
from workbench.explain.scripts.beats import SceneFacts, SceneWays, scene_beats, write_scripts
from workbench.explain.storyboards.storyboard import Beat, Storyboard, checked, write_storyboard
from workbench.jsonable import to_json
from workbench.media.outputs import atomic_output
from workbench.media.timecode import format_time
from workbench.progress import Progress, silent
from workbench.speech.subtitles.captions import write_srt, write_vtt


@dataclass(frozen=True, slots=True)
class FilmBeat:
    """A beat as it is in the film."""

    heading: str
    start_s: float
    length_s: float
    still: str
    """File name of a small picture of it."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Film:
    """A finished film, and what belongs to it. All files lie in one folder."""

    id: str
    title: str
    folder: Path
    created_at: datetime
    duration_s: float
    size_bytes: int
    voice: str
    language: str
    origin: str
    """Who wrote the words: model, analysis, search, notes, example or person."""
    made_by: str
    renderer: str
    beats: tuple[FilmBeat, ...]
    asset_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    scenes: tuple[SceneFacts, ...] = ()
    """What became of the scripts that are beats of it."""
    seconds_to_make: float = 0.0
    beats_drawn: int = 0
    """Beats that were drawn now; the others were kept from an earlier film."""
    storyboard_sha256: str = ""
    voice_engine: str = ""
    """How the voice speaks, where it can in several ways: `neural` …"""
    characters: int = 0
    """Characters its words are billed by, those that were spoken for an earlier film too."""
    cost_usd: Cost = Decimal(0)
    """Dollars paid while it was made, None where a price is not known; what was kept from before
    has cost nothing again."""
    published_uri: str = ""
    """Where it was put for others, `s3://…`; empty if it was not."""

    @property
    def path(self) -> Path:
        """The film itself."""
        return self.folder / "film.mp4"

    @property
    def storyboard_path(self) -> Path:
        """What it was made of."""
        return self.folder / "storyboard.json"

    @property
    def vtt_path(self) -> Path:
        """Captions for browsers."""
        return self.folder / "captions.vtt"

    @property
    def srt_path(self) -> Path:
        """Captions for players."""
        return self.folder / "captions.srt"


def film_id(story: Storyboard, voice: Voice, renderer: Renderer = "cards") -> str:
    """The name of the film of a storyboard, a voice and a renderer: 12 hexadecimal digits."""
    text = f"{renderer_name(renderer)} {voice.key}\n{write_storyboard(story)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def make_film(
    story: Storyboard,
    folder: Path,
    kept: Path,
    voice: Voice,
    *,
    renderer: Renderer = "cards",
    progress: Progress = silent,
    stages: StageLog | None = None,
    scenes: SceneWays | None = None,
) -> Film:
    """Make the film of a storyboard.

    A beat that Manim cannot draw becomes its card, one that cannot be drawn at all a plain card
    that says so, and the film is finished.

    Args:
        story: What is shown and said.
        folder: Where the film goes, with captions, transcript, stills and provenance; its name is
            the film's id.
        kept: Where spoken words and encoded beats are kept for the next film.
        voice: Who speaks.
        renderer: `cards` for still pictures, `manim` for motion; lengths are the same.
        progress: Told after each beat.
        stages: Told when speaking begins, and when drawing does.
        scenes: How scripts that are beats of it are run; None for the strongest walls there are.

    Raises:
        RequestError: The storyboard cannot be drawn.
        NotInstalled: The voice or Manim is missing.
        BackendError: The service that speaks did not; what was spoken before is kept.
        BudgetReached: It could cost more than what is left under the cap or of the budget.
        DiskFull: There is no room.
    """
    began = time.perf_counter()
    story = checked(story)
    made = scene_beats(story, kept, scenes or SceneWays(), progress=progress)
    cards = [
        made[index].card if index in made else _card(beat, story.theme)
        for index, beat in enumerate(story.beats)
    ]
    least_s = [
        made[n].least_s if n in made else least_of(beat.show) for n, beat in enumerate(story.beats)
    ]
    total = 2 * len(story.beats) + 1

    def speaking(done: int, total: int, stage: str) -> None:
        progress(done, 2 * total + 1, stage)

    if stages and voice.speak is not None:
        stages.enter("synthesizing_narration")
    beats = narrate(
        story,
        voice,
        kept / "speech",
        steps=[len(card.steps) for card in cards],
        least_s=least_s,
        progress=speaking,
    )
    if stages:
        stages.enter("rendering_video")
    pieces: list[Piece] = []
    described: list[FilmBeat] = []
    drawing = draw_pieces(
        story, cards, beats, kept / "beats", renderer,
        told=lambda done, words: progress(len(beats) + done, total, words),
    )  # fmt: skip
    for timed, piece in zip(beats, drawing, strict=True):
        pieces.append(piece)
        still = save_still(piece, folder / f"still-{timed.index + 1:02}.jpg")
        warnings = (*piece.warnings, *timed.warnings)
        described.append(
            FilmBeat(timed.beat.heading, timed.start_s, timed.length_s, still, warnings)
        )
    transcript = transcript_of_film(beats, story.language, f"explainer, {voice.name}")
    progress(total - 1, total, "puts the film together")
    _write(folder / "captions.srt", write_srt(transcript))
    _write(folder / "captions.vtt", write_vtt(transcript))
    _write(folder / "transcript.md", transcript_page(story, beats))
    _write(folder / "storyboard.json", write_storyboard(story))
    if renderer == "manim":
        _write(folder / "scene.py", compile_storyboard(story, beats))
    write_scripts(folder, made)
    assemble(
        [piece.path for piece in pieces],
        sound_of(beats, sounds_of_clips(beats)),
        None if transcript.is_empty else folder / "captions.srt",
        folder / "film.mp4",
        title=story.title,
        language=story.language,
    )
    film = Film(
        id=folder.name,
        title=story.title,
        folder=folder.absolute(),
        created_at=datetime.now(UTC),
        duration_s=sum(beat.frames for beat in beats) / FRAME_RATE,
        size_bytes=(folder / "film.mp4").stat().st_size,
        voice=voice.name,
        language=story.language,
        origin=story.origin,
        made_by=story.made_by,
        renderer=renderer_name(renderer),
        beats=tuple(described),
        asset_ids=tuple(
            dict.fromkeys(s.asset_id for b in story.beats for s in b.sources if s.asset_id)
        ),
        notes=(*story.notes, *(said for beat in described for said in beat.warnings)),
        scenes=tuple(scene.facts for scene in made.values()),
        seconds_to_make=round(time.perf_counter() - began, 3),
        beats_drawn=sum(piece.is_new for piece in pieces),
        storyboard_sha256=hashlib.sha256(write_storyboard(story).encode()).hexdigest(),
        voice_engine=voice.engine,
    )
    # Written last: a folder with it is a finished film.
    write_record(film)
    progress(total, total, "film made")
    return film


def write_record(film: Film, folder: Path | None = None) -> None:
    """Write a film's record into its folder, or where its folder is being made.

    Raises:
        DiskFull: There is no room.
    """
    _write((folder or film.folder) / "film.json", to_json(film, indent=2))


def transcript_page(story: Storyboard, beats: tuple[TimedBeat, ...]) -> str:
    """What is said, beat by beat, with times and sources, as Markdown."""
    lines = [f"# {_plain(story.title)}", ""]
    for timed in beats:
        heading = _plain(timed.beat.heading) or timed.beat.show.kind
        lines += [f"## {format_time(timed.start_s)} {heading}", ""]
        if timed.beat.say:
            lines += [_plain(timed.beat.say), ""]
        for source in timed.beat.sources:
            when = "" if source.start_s is None else f", {format_time(source.start_s)}"
            of = f" ({source.asset_id})" if source.asset_id else ""
            lines += [f"- Source: {_plain(source.name)}{when}{of}"]
        if timed.beat.sources:
            lines.append("")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that Markdown takes as text."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _card(beat: Beat, theme: str) -> Card:
    try:
        return card_of(beat, theme)
    except MediaError as error:
        return plain_card(beat, theme, error.message)


def _write(path: Path, text: str) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
