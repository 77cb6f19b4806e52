"""Measure the media room: video proxies, image proxies, importing.

Methods run in turn, each in a process of its own; the first round is thrown away; the processor
time is that of all its processes. Only what was checked to be right counts.
"""

import argparse
import importlib
import os
import subprocess
import sys
from pathlib import Path

PARTS = {"video": "media_video", "images": "media_images", "import": "media_import"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media", description=__doc__)
    parser.add_argument("--only", choices=tuple(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default: 3)")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("data") / "bench",
        help="where inputs are kept from run to run (default: data/bench; up to 10 GB)",
    )
    parser.add_argument("--small", action="store_true", help="short films, to try it (video)")
    parser.add_argument("--long", action="store_true", help="growth to two hours as well (video)")
    arguments = parser.parse_args()
    if arguments.only is None:
        # In a process of its own, so that none shows the memory of the one before.
        for name in PARTS:
            words = [sys.executable, "-m", "tests.bench.media", *sys.argv[1:], "--only", name]
            if code := subprocess.run(words, check=False).returncode:
                sys.exit(code)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    name = arguments.only
    (folder / name).mkdir(exist_ok=True)
    part = importlib.import_module(f"tests.bench.{PARTS[name]}")
    more = {"is_small": arguments.small, "is_long": arguments.long} if name == "video" else {}
    part.run(folder / name, arguments.rounds, **more)
    if name == "import":
        importlib.import_module("tests.bench.media_images").run_import(
            folder / name, arguments.rounds
        )


if __name__ == "__main__":
    main()
