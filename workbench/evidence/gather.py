"""Measure everything there is to measure about one asset: speech, shots and screen text.

Each signal is kept as soon as it is measured, under a version that changes when its result would:
a run that was killed goes on where it stopped. What cannot be measured becomes a note, not a crash.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import ValidationError

from workbench.errors import MediaError, NotInstalled, RequestError
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.evidence.screen import text as screen_text
from workbench.evidence.signals import SignalState, signals
from workbench.jsonable import from_json, to_json
from workbench.media.asset import Asset, AssetKind
from workbench.media.frames.shots import detect_shots
from workbench.media.timecode import TimeSpan, covered_s
from workbench.progress import Progress, silent
from workbench.speech import whisper
from workbench.speech.subtitles import embedded
from workbench.speech.subtitles.files import find_sidecar, fitted, read_subtitles
from workbench.speech.transcript import Transcript

__all__ = ["SIGNALS", "EvidenceKeep", "Signal", "SignalState", "gather", "signals"]

Signal = Literal["transcript", "shots", "screen_text"]

SIGNALS: tuple[Signal, ...] = ("transcript", "shots", "screen_text")
"""Everything that can be measured, in the order people read it."""

STAGES: dict[Signal, str] = {
    "transcript": "speech",
    "shots": "shots",
    "screen_text": "screen text",
}
"""What progress calls each signal."""

_APPLICABLE: dict[AssetKind, tuple[Signal, ...]] = {
    "video": SIGNALS,
    "audio": ("transcript",),
    "image": ("screen_text",),
}

SHOTS_VERSION = "1"
"""Changes when the same video would give other shots."""

Value = TypeVar("Value")


class EvidenceKeep(Protocol):
    """Where measurements are kept. Called from two threads, never by both at once."""

    def load(self, asset_id: str, signal: str, version: str) -> str | None:
        """What was saved under these three names, or None."""
        ...

    def save(self, asset_id: str, signal: str, version: str, json_text: str) -> None:
        """Keep a measurement."""
        ...


class Transcriber(Protocol):
    """Whoever writes speech down in place of Whisper on this machine."""

    @property
    def version(self) -> str:
        """Changes when the same sound would give another transcript."""
        ...

    def transcribe(self, asset: Asset, progress: Progress) -> Transcript:
        """The words of an asset that has sound."""
        ...


# No slots: a frozen generic with slots cannot be made by its alias on Python 3.11.
@dataclass(frozen=True)
class Measured(Generic[Value]):
    """One signal: what was found, by which engine and in how long; or why there is nothing."""

    value: Value
    engine: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


_KEPT: dict[Signal, Any] = {
    "transcript": Measured[Transcript | None],
    "shots": Measured[tuple[Shot, ...]],
    "screen_text": Measured[tuple[TextBlock, ...]],
}


@dataclass(slots=True)
class _Run:
    """What the two threads of one run share."""

    asset: Asset
    wanted: Collection[str]
    keep: EvidenceKeep | None
    progress: Progress
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_stopped: threading.Event = field(default_factory=threading.Event)
    _done: dict[Signal, int] = field(default_factory=dict)

    @contextmanager
    def stopping_the_other(self) -> Iterator[None]:
        """If this thread's work ends early, the other's ends at its next progress report."""
        is_whole = False
        try:
            yield
            is_whole = True
        finally:
            if not is_whole:
                self._is_stopped.set()

    def reporter(self, signal: Signal) -> Progress:
        """Progress of one signal, added to the others', counted in seconds of the media."""
        length = max(1, round(self.asset.duration_s))

        def report(done: int, total: int, stage: str) -> None:  # noqa: ARG001 - ours is said
            if self._is_stopped.is_set():
                raise CancelledError
            with self._lock:
                self._done[signal] = length * min(done, total) // max(1, total)
                whole = length * len(self.wanted)
                self.progress(sum(self._done.values()), whole, STAGES[signal])

        return report

    def measured(
        self, signal: Signal, version: str, measure: Callable[[Progress], Measured[Value]]
    ) -> Measured[Value]:
        """A signal of an earlier run, else measured now and kept."""
        report = self.reporter(signal)
        report(0, 1, signal)
        found: Measured[Value] | None = self._load(signal, version)
        if found is None:
            begun = time.monotonic()
            found = replace(measure(report), seconds=round(time.monotonic() - begun, 2))
            if self.keep is not None:
                with self._lock:
                    self.keep.save(self.asset.id, signal, version, _text(signal, found))
        report(1, 1, signal)
        return found

    def _load(self, signal: Signal, version: str) -> Any:
        if self.keep is None:
            return None
        with self._lock:
            text = self.keep.load(self.asset.id, signal, version)
        try:
            return None if text is None else from_json(_KEPT[signal], text)
        except ValidationError:
            return None  # kept by an older version in another form


def _text(signal: Signal, found: Measured[Any]) -> str:
    return to_json(_KEPT[signal](found.value, found.engine, found.seconds, found.notes))


def gather(
    asset: Asset,
    *,
    cache_dir: Path,
    language: str = "",
    threads: int = 0,
    wanted: Collection[str] = SIGNALS,
    keep: EvidenceKeep | None = None,
    model_dir: Path | None = None,
    transcriber: Transcriber | None = None,
    progress: Progress = silent,
) -> Evidence:
    """Measure an asset, or take what was measured before.

    Words come from a subtitle file beside the video if there is one, else from a subtitle stream
    inside it, else from Whisper or another transcriber. Speech and pictures are worked on side by side.

    Args:
        asset: What to measure.
        cache_dir: Where joined weights are kept.
        language: ISO 639-1 code of the speech; empty: found out.
        threads: CPU threads for speech; 0: one for each core.
        wanted: Signals to measure, of `SIGNALS`.
        keep: Where measurements are kept from run to run; None keeps nothing.
        model_dir: A folder with another Whisper model.
        transcriber: Who writes speech down; None for Whisper.
        progress: Called with seconds of media done and their total, all signals together.

    Returns:
        The evidence. A signal that could not be measured is empty and has a note.

    Raises:
        RequestError: An unknown signal is wanted, or Whisper does not know the language.
        WorkbenchError: What another transcriber raises.
        DiskFull: There is no room for the weights.
        LibraryError: What is kept cannot be read or written.
    """
    if unknown := sorted(set(wanted) - set(SIGNALS)):
        raise RequestError(
            f"there is no signal called {unknown[0]!r}", hint=f"one of: {', '.join(SIGNALS)}"
        )
    run = _Run(asset, set(wanted) & set(_APPLICABLE[asset.kind]), keep, progress)
    words = _Words(run, cache_dir, language, threads, model_dir, transcriber)
    with ThreadPoolExecutor(1, thread_name_prefix="speech") as pool:
        listening = pool.submit(words.heard)
        try:
            with run.stopping_the_other():
                shots = _shots(run)
                text = _screen_text(run, shots.value)
        except CancelledError:
            listening.result()  # raises what stopped it
            raise
        heard = listening.result()
    return _evidence(asset, heard, shots, text)


def _evidence(
    asset: Asset,
    heard: Measured[Transcript | None],
    shots: Measured[tuple[Shot, ...]],
    text: Measured[tuple[TextBlock, ...]],
) -> Evidence:
    parts: dict[Signal, Measured[Any]] = {
        "transcript": heard,
        "shots": shots,
        "screen_text": text,
    }
    said = heard.value.utterances if heard.value else ()
    return Evidence(
        asset_id=asset.id,
        duration_s=asset.duration_s,
        transcript=heard.value,
        shots=shots.value,
        screen_text=text.value,
        speech_s=round(covered_s(utterance.span for utterance in said), 2),
        engines={signal: part.engine for signal, part in parts.items() if part.engine},
        notes=tuple(note for part in parts.values() for note in part.notes),
        seconds={signal: part.seconds for signal, part in parts.items() if part.engine},
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """How the words of one asset are found."""

    run: _Run
    cache_dir: Path
    language: str
    threads: int
    model_dir: Path | None
    transcriber: Transcriber | None

    def heard(self) -> Measured[Transcript | None]:
        """The transcript from the best source there is."""
        if "transcript" not in self.run.wanted:
            return Measured(None)
        with self.run.stopping_the_other():
            notes: list[str] = []
            for source in (self._from_sidecar, self._from_stream, self._from_sound):
                try:
                    found = source()
                except MediaError as error:
                    notes.append(_sentence("Words could not be read", error.message))
                    continue
                except NotInstalled as error:
                    notes.append(_missing("Speech was not transcribed", error))
                    continue
                if found is not None:
                    return replace(found, notes=(*notes, *found.notes))
            return Measured(None, notes=tuple(notes))

    def _from_sidecar(self) -> Measured[Transcript | None] | None:
        path = find_sidecar(self.run.asset.path, language=self.language)
        if path is None:
            return None
        try:
            mark = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        except OSError:
            mark = "unreadable"  # reading it says why

        def read(_: Progress) -> Measured[Transcript | None]:
            return _said(fitted(read_subtitles(path), self.run.asset.duration_s))

        return self.run.measured("transcript", f"sidecar {path.name} {mark}", read)

    def _from_stream(self) -> Measured[Transcript | None] | None:
        asset = self.run.asset
        if not any(stream.kind == "subtitle" for stream in asset.streams):
            return None

        def read(_: Progress) -> Measured[Transcript | None]:
            transcript = embedded.read_embedded(asset.path, language=self.language)
            if transcript is None:
                return Measured(None)
            return _said(fitted(transcript, asset.duration_s))

        version = f"embedded {embedded.VERSION} {self.language}"
        found = self.run.measured("transcript", version, read)
        return found if found.value is not None else None

    def _from_sound(self) -> Measured[Transcript | None]:
        asset = self.run.asset
        if not asset.has_sound:
            return Measured(None, notes=("The file has no sound.",))
        if (other := self.transcriber) is not None:
            return self.run.measured(
                "transcript", other.version, lambda report: _said(other.transcribe(asset, report))
            )

        def listen(report: Progress) -> Measured[Transcript | None]:
            transcript = whisper.transcribe(
                asset.path,
                cache_dir=self.cache_dir,
                language=self.language,
                threads=self.threads,
                model_dir=self.model_dir,
                progress=report,
            )
            return _said(transcript)

        version = f"{whisper.version(self.model_dir)}, {self.language or 'any language'}"
        return self.run.measured("transcript", version, listen)


def _said(transcript: Transcript) -> Measured[Transcript | None]:
    return Measured(
        transcript,
        engine=f"{transcript.source} ({transcript.source_detail})",
        notes=("No speech was found.",) if transcript.is_empty else (),
    )


def _shots(run: _Run) -> Measured[tuple[Shot, ...]]:
    asset = run.asset
    if "shots" not in run.wanted:
        return Measured(())

    def detect(report: Progress) -> Measured[tuple[Shot, ...]]:
        spans = detect_shots(asset, progress=report)
        return Measured(_numbered(spans), engine=f"frame differences {SHOTS_VERSION}")

    try:
        return run.measured("shots", SHOTS_VERSION, detect)
    except MediaError as error:
        return Measured((), notes=(_sentence("Shots could not be found", error.message),))
    except NotInstalled as error:
        return Measured((), notes=(_missing("Shots were not looked for", error),))


def _numbered(spans: Collection[TimeSpan]) -> tuple[Shot, ...]:
    # The middle is past what fades in and before what fades out.
    return tuple(Shot(index, span, round(span.middle_s, 3)) for index, span in enumerate(spans))


def _screen_text(run: _Run, shots: tuple[Shot, ...]) -> Measured[tuple[TextBlock, ...]]:
    asset = run.asset
    if "screen_text" not in run.wanted:
        return Measured(())
    # Without shots a video is one long one, which is looked at again and again.
    looked_at = shots or _numbered([TimeSpan(0.0, asset.duration_s)])

    def read(report: Progress) -> Measured[tuple[TextBlock, ...]]:
        blocks = screen_text.read_screen_text(asset, looked_at, progress=report)
        return Measured(
            blocks,
            engine=screen_text.version(),
            notes=() if blocks else ("No text was found on the screen.",),
        )

    version = f"{screen_text.version()}, shots {SHOTS_VERSION if shots else 'none'}"
    try:
        return run.measured("screen_text", version, read)
    except MediaError as error:
        return Measured((), notes=(_sentence("Screen text could not be read", error.message),))
    except NotInstalled as error:
        return Measured((), notes=(_missing("Screen text was not read", error),))


def _sentence(what: str, why: str) -> str:
    return f"{what}: {why.rstrip('.')}."


def _missing(what: str, error: NotInstalled) -> str:
    """Why a signal is missing, with the line that adds it."""
    return f"{_sentence(what, error.message)} To add it: {error.hint}"
