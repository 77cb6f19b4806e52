"""Make one video proxy, in a process of its own that loads nothing besides the product.

python -m tests.bench.media_work SOURCE SPEC FOLDER CHUNK_S CONTEXT_S [FACTS]
"""

import pickle
import sys
from pathlib import Path

from workbench.media.chunks import plan_chunks
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.media.video.proxy import make_video_proxy


def spans(duration_s: float, chunk_s: float, context_s: float) -> list[TimeSpan]:
    """What is sent of each chunk of a plan."""
    return [chunk.sent for chunk in plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s)]


def main(
    source: str, spec: str, folder: str, chunk_s: str, context_s: str, facts: str = ""
) -> None:
    # As in the library, where a film is read once, when it is imported.
    asset = pickle.loads(Path(facts).read_bytes()) if facts else probe(Path(source))
    wanted = spans(asset.duration_s, float(chunk_s), float(context_s)) if float(chunk_s) else []
    make_video_proxy(asset, spec, Path(folder), clips=wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
