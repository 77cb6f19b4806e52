"""Peak memory of analysing a video of two hours with Nova: `python -m tests.bench.two_hours`.

The film is noise, so that its chunks are as large as a proxy may be. It is measured and its proxy is
made before, by another process; what is said comes from a file beside it, so no speech or reading
model is loaded. Measured is one process, `workbench analyse`, from its start to its end: it cuts the
chunks, sends them to a Bedrock on loopback, merges the answers, keeps and indexes them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from tests.support.long_film import measure
from tests.support.noisy_model import NoisyModel, Truth, make_true_film, true_film
from workbench.media.ffmpeg import run_ffmpeg

GOAL_MB = 600.0
NOISE = "nullsrc=size=640x360:rate=1,geq=random(1)*255:128:128"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30")
RATE = ("-b:v", "400k", "-maxrate", "400k", "-bufsize", "1600k")


def noise_film(folder: Path, truth: Truth) -> Path:
    """Two hours of noise, with the sentences of the true film."""
    film = make_true_film(folder / "plant day.mp4", truth)
    film.unlink()
    minute = folder / "minutes.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", NOISE, *H264, *RATE, "-t", "600", minute])
    times = round(truth.duration_s / 600) - 1
    run_ffmpeg(["-stream_loop", str(times), "-i", minute, "-c", "copy", film])
    minute.unlink()
    return film


def peak(words: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Peak memory in MB and seconds of a process, and what it prints; it has to succeed."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(words, stdout=out, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().decode()
    if process.returncode != 0:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}: {said}")
    return usage.ru_maxrss / 1024, time.monotonic() - began, said


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.two_hours", description=__doc__)
    parser.add_argument("--chunk-s", type=int, nargs="*", default=[600, 900])
    parser.add_argument("--overview", action="store_true", help="in one call as well")
    chosen = parser.parse_args()
    truth = true_film()
    largest_mb = 0.0
    with tempfile.TemporaryDirectory() as name, BedrockServer(answer=NoisyModel(truth)) as server:
        folder = Path(name)
        film = noise_film(folder, truth)
        measure(film, folder / "data")
        environment = {
            **credentials_for_tests(),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "WORKBENCH_DATA_DIR": str(folder / "data"),
            "WORKBENCH_BEDROCK_ENDPOINT_URL": server.url,
        }
        ways = [(f"chunks of {each} s", ["--chunk-s", str(each)]) for each in chosen.chunk_s]
        ways += [("one overview", ["--depth", "overview"])] * chosen.overview
        for way, options in ways:
            server.reset()
            words = [sys.executable, "-m", "workbench", "analyse", str(film), "--engine", "nova"]
            words += ["--model", "lite", *options, "--json"]
            peak_mb, seconds, said = peak(words, environment)
            (analysis,) = json.loads(said)["analyses"]
            if len(analysis["chapters"]) != len(truth.chapters) or server.refused:
                sys.exit("the result is not right: the run does not count")
            sizes = [media.size_bytes / 1e6 for call in server.calls for media in call.media]
            print(
                f"two hours in {way}: {len(server.calls)} calls, clips of up to"
                f" {max(sizes):.1f} MB, {server.most_at_once} at once: peak {peak_mb:.0f} MB"
                f" (goal {GOAL_MB:.0f}), {seconds:.0f} s"
            )
            largest_mb = max(largest_mb, peak_mb)
    if largest_mb > GOAL_MB:
        sys.exit(f"{largest_mb:.0f} MB is over the goal")


if __name__ == "__main__":
    main()
