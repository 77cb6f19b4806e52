"""Measure image proxies against the document's recipe, and the import of a thousand photos.

Every method runs in a process of its own, in turn with the others; the first round is thrown away.
A run counts only if it ends well and every proxy is as good as it has to be.

    python -m tests.bench.media_images            # both, five rounds
    python -m tests.bench.media_images --small    # two rounds on few files, to try it
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw

from tests.bench.image_baselines import decoded, recipe
from tests.bench.measuring import goal

PROJECT = Path(__file__).resolve().parents[2]
SPEC = "nova-896"
MEGAPIXELS_12 = (4000, 3000)
MOST_LOST_DB = 0.2

COUNTS = {"jpg": 12, "png": 4, "webp": 4, "heic": 3}
SMALL_COUNTS = {"jpg": 3, "png": 2, "webp": 2, "heic": 1}
GOALS = {"jpg": (5.0, 2.9), "png": (1.9, None), "webp": (1.9, None), "heic": (None, None)}
"""Wall and processor, times the recipe, by the two threads that are ours."""

MOST_MB = 100
"""Of the process that makes JPEGs smaller by two threads."""

IMPORT_GOAL = 80
"""Files a second."""


def photo_sources() -> list[Path]:
    """Real photos to enlarge; none where there are no test media."""
    named = os.environ.get("WORKBENCH_TEST_MEDIA")
    media = Path(named) if named else PROJECT.parent / "shared" / "media"
    return [path for kind in ("images_cc0", "images_coco") for path in (media / kind).glob("*.jpg")]


def photo(number: int, size_px: tuple[int, int]) -> Image.Image:
    """Photo `number`, the same each time: a real one enlarged, with a sensor's noise added."""
    import numpy as np

    noise = np.random.default_rng(number)
    width, height = size_px
    if sources := sorted(photo_sources()):
        with Image.open(sources[number * 5 % len(sources)]) as picture:
            plain = picture.convert("RGB").resize(size_px, Image.Resampling.LANCZOS)
    else:
        small = noise.integers(30, 220, (12, 16, 3), dtype=np.uint8)
        plain = Image.fromarray(small).resize(size_px, Image.Resampling.BICUBIC)
    grain = noise.integers(-9, 10, (height, width, 3), dtype=np.int16)
    return Image.fromarray(np.clip(np.asarray(plain) + grain, 0, 255).astype(np.uint8))


def make_inputs(folder: Path, counts: dict[str, int]) -> dict[str, list[Path]]:
    """Photos of 12 megapixels in each format, made once for each folder."""
    if not find_spec("pillow_heif"):
        counts = {suffix: count for suffix, count in counts.items() if suffix != "heic"}
    made: dict[str, list[Path]] = {}
    for suffix, count in counts.items():
        made[suffix] = [folder / f"photo_{number:02}.{suffix}" for number in range(count)]
        for number, path in enumerate(made[suffix]):
            if path.exists():
                continue
            picture = photo(number, MEGAPIXELS_12)
            if suffix == "heic":
                import pillow_heif

                pillow_heif.from_pillow(picture).save(path, quality=80)
                continue
            options = {"jpg": {"quality": 92}, "webp": {"quality": 85, "method": 0}}
            picture.save(path, **options.get(suffix, {"compress_level": 1}))
    return made


def ours(sources: list[Path], folder: Path, threads: int) -> None:
    from workbench.media.asset import Asset, Proxy
    from workbench.media.images.batch import make_image_proxies

    assets = [
        Asset(path.stem, path, "image", path.suffix[1:], path.stat().st_size, *MEGAPIXELS_12)
        for path in sources
    ]
    for asset, made in make_image_proxies(assets, SPEC, folder, threads=threads):
        if not isinstance(made, Proxy):
            sys.exit(f"{asset.name}: {made}")
        made.path.rename(folder / f"{asset.id}.jpg")


METHODS: dict[str, tuple[Callable[[list[Path], Path, int], None], int]] = {
    "plain decoding": (decoded, 1),
    "recipe": (recipe, 1),
    "recipe, 2 threads": (recipe, 2),
    "ours": (ours, 1),
    "ours, 2 threads": (ours, 2),
}


@dataclass(frozen=True)
class Measured:
    wall_s: float
    cpu_s: float
    peak_mb: float


def work(method: str, folder: Path, sources: list[Path]) -> None:
    """In a process of its own: warm up on one picture, then measure the others with it."""
    do, threads = METHODS[method]
    with tempfile.TemporaryDirectory() as warm:
        do(sources[:1], Path(warm), threads)
    wall, cpu = time.perf_counter(), time.process_time()
    do(sources, folder, threads)
    used = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps([*used, peak_mb()]))


def peak_mb() -> float:
    """The most memory this process has held; `ru_maxrss` would count the one that started it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measured(method: str, folder: Path, sources: list[Path]) -> Measured:
    words = [sys.executable, "-m", "tests.bench.media_images", "--work", method]
    words += ["--folder", str(folder), *map(str, sources)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=PROJECT, check=False)
    if done.returncode != 0:
        sys.exit(f"{method} ended with {done.returncode}: {done.stderr}")
    return Measured(*json.loads(done.stdout))


def quality_db(source: Path, proxy: Path) -> float:
    """How near a proxy is to the picture made small by Lanczos and not encoded again."""
    import numpy as np

    from tests.bench.likeness import psnr_db
    from workbench.media.images.opening import open_picture

    with Image.open(proxy) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    size_px = pixels.shape[1], pixels.shape[0]
    with open_picture(source) as picture:
        exact = picture.convert("RGB").resize(size_px, Image.Resampling.LANCZOS)
    return psnr_db(np.asarray(exact), pixels)


def run(folder: Path, rounds: int, counts: dict[str, int] | None = None) -> None:
    """Print the table of image proxies."""
    inputs = make_inputs(folder, counts or COUNTS)
    print(
        f"\nImage proxies, 12 megapixels to {SPEC}, {rounds} rounds, load {os.getloadavg()[0]:.1f}"
    )
    print("  times the recipe: median of the rounds' own ratios; goals on two idle cores")
    for suffix, sources in inputs.items():
        taken: dict[str, list[Measured]] = {name: [] for name in METHODS}
        lost: dict[str, float] = {}
        for number in range(rounds + 1):
            for name in METHODS:
                with tempfile.TemporaryDirectory() as out:
                    one = measured(name, Path(out), sources)
                    if number == 0 and METHODS[name][0] is not decoded:
                        dbs = [quality_db(s, Path(out) / f"{s.stem}.jpg") for s in sources]
                        lost[name] = statistics.mean(dbs)
                if number:
                    taken[name].append(one)
        print(f"\n  {suffix.upper()}, {len(sources)} files")
        print("  method              wall s/file  cpu s/file  wall ×  cpu ×  peak MB   PSNR dB")
        for name, runs in taken.items():
            near = f"{lost[name]:9.2f}" if name in lost else f"{'':9}"
            print(f"  {name:<19} {_row(runs, taken['recipe'], len(sources))} {near}")
        _goals(suffix, taken["ours, 2 threads"], taken["recipe"])
        goal("dB less than the recipe", lost["recipe"] - lost["ours"], MOST_LOST_DB, at_most=True)
        if lost["ours"] < lost["recipe"] - MOST_LOST_DB:
            sys.exit(
                f"{suffix}: {lost['recipe'] - lost['ours']:.2f} dB lost; the run does not count"
            )
    drawings(folder)


def _goals(suffix: str, ours: list[Measured], base: list[Measured]) -> None:
    """Print what two threads are to reach on two idle cores."""
    pairs = list(zip(base, ours, strict=True))
    wall, cpu = GOALS[suffix]
    if wall:
        times = statistics.median(one.wall_s / other.wall_s for one, other in pairs)
        goal("wall, times the recipe, 2 threads", times, wall, at_most=False)
    if cpu:
        times = statistics.median(one.cpu_s / other.cpu_s for one, other in pairs)
        goal("CPU, times the recipe, 2 threads", times, cpu, at_most=False)
    if suffix == "jpg":
        goal("MB of memory, 2 threads", max(one.peak_mb for one in ours), MOST_MB, at_most=True)


def _row(runs: list[Measured], base: list[Measured], files: int) -> str:
    wall = statistics.median(one.wall_s for one in runs) / files
    cpu = statistics.median(one.cpu_s for one in runs) / files
    wall_times = statistics.median(b.wall_s / r.wall_s for b, r in zip(base, runs, strict=True))
    cpu_times = statistics.median(b.cpu_s / r.cpu_s for b, r in zip(base, runs, strict=True))
    peak = max(one.peak_mb for one in runs)
    return f"{wall:11.3f} {cpu:11.3f} {wall_times:7.2f} {cpu_times:6.2f} {peak:8.0f}"


def drawings(folder: Path) -> None:
    """Graphics: a diagram takes the plain path; rings are what the fast one does worst."""
    import numpy as np

    from tests.bench.likeness import psnr_db
    from workbench.media.images.opening import plain_picture

    diagram = Image.new("RGB", MEGAPIXELS_12, "white")
    draw = ImageDraw.Draw(diagram)
    for step in range(60):
        draw.line((80, 49 * step, 3920, 37 * step), fill="black", width=3)
    across, down = np.meshgrid(np.linspace(-1, 1, 4000), np.linspace(-0.75, 0.75, 3000))
    rings = Image.fromarray(np.uint8(127.5 + 127.5 * np.cos(900 * (across**2 + down**2))))
    print("\n  Before encoding, distance from every pixel decoded and Lanczos")
    for name, picture in (("diagram", diagram), ("rings", rings)):
        for suffix in ("png", "jpg"):
            path = folder / f"{name}.{suffix}"
            picture.save(path, quality=92)
            small = plain_picture(path, largest_px=1195)
            with Image.open(path) as source:
                exact = source.resize(small.size, Image.Resampling.LANCZOS)
            print(
                f"  {name + '.' + suffix:<19} {psnr_db(np.asarray(exact), np.asarray(small)):6.1f} dB"
            )


def many_photos(folder: Path, count: int) -> None:
    """`count` JPEGs of 0.3, 2 and 12 megapixels; no two have the same bytes."""
    kinds = []
    for number, size_px in enumerate(((640, 480), (1600, 1200), MEGAPIXELS_12) * 4):
        path = folder.parent / f"kind_{number:02}.jpg"
        if not path.exists():
            photo(number, size_px).save(path, quality=88)
        kinds.append(path.read_bytes())
    folder.mkdir(exist_ok=True)
    for number in range(count):
        # A comment right behind the start of the file (ITU-T T.81, B.2.4.5).
        whole, comment = kinds[number % len(kinds)], f"{number:06}".encode()
        marker = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big")
        (folder / f"{number:06}.jpg").write_bytes(whole[:2] + marker + comment + whole[2:])


def work_import(photos: Path) -> None:
    """In a process of its own: import a folder, then make every thumbnail, as the app asks for."""
    from concurrent.futures import ThreadPoolExecutor

    from workbench import Workspace

    workspace = Workspace.open()
    wall, cpu = time.perf_counter(), time.process_time()
    report = workspace.import_media([photos])
    imported = time.perf_counter() - wall
    # A browser asks for several pictures of a page at a time.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        posters = list(pool.map(lambda asset: workspace.poster(asset.id), report.added))
    used = time.perf_counter() - wall, time.process_time() - cpu
    if report.failed or not all(path.stat().st_size for path in posters):
        sys.exit("a photo or its thumbnail is missing")
    print(json.dumps([len(posters), imported, *used, peak_mb()]))


def run_import(folder: Path, rounds: int, count: int = 1000) -> None:
    """Print how fast photos come into the library: facts and thumbnails, no proxies."""
    photos = folder / f"photos_{count}"
    many_photos(photos, count)
    taken = []
    for _ in range(rounds + 1):
        with tempfile.TemporaryDirectory() as data:
            words = [sys.executable, "-m", "tests.bench.media_images", "--work", "import"]
            words += ["--folder", str(photos)]
            done = subprocess.run(
                words,
                capture_output=True,
                text=True,
                cwd=PROJECT,
                check=False,
                env={**os.environ, "WORKBENCH_DATA_DIR": data},
            )
            if done.returncode != 0:
                sys.exit(f"the import ended with {done.returncode}: {done.stderr}")
            files, imported, wall, cpu, peak = json.loads(done.stdout)
            if files != count:
                sys.exit(f"{files} of {count} photos came in: the run does not count")
            taken.append((files / imported, files / wall, cpu / files, peak))
    facts, both, cpu, peak = (statistics.median(column) for column in zip(*taken[1:], strict=True))
    print(f"\nImport of {count:,} photos of 0.3, 2 and 12 megapixels, {rounds} rounds")
    print(f"  facts                   {facts:6.0f} files/s")
    print(f"  facts and thumbnails    {both:6.0f} files/s")
    goal("files a second, with thumbnails", both, IMPORT_GOAL, at_most=False)
    print(f"  processor {1000 * cpu:.1f} ms a file, peak {peak:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media_images", description=__doc__)
    parser.add_argument("--small", action="store_true", help="two rounds on few files")
    parser.add_argument("--only", choices=("proxies", "import"))
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument(
        "--folder", type=Path, help="where inputs are kept; else they are made anew"
    )
    parser.add_argument("sources", nargs="*", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work == "import":
        work_import(arguments.folder)
        return
    if arguments.work:
        work(arguments.work, arguments.folder, arguments.sources)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        if arguments.only != "import":
            run(folder, 2 if arguments.small else 5, SMALL_COUNTS if arguments.small else None)
        if arguments.only != "proxies":
            run_import(folder, 1 if arguments.small else 3, 90 if arguments.small else 1000)


if __name__ == "__main__":
    main()
