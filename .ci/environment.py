"""Make `.venv` with the locked packages: by uv where it can be had, else by pip.

Runs on a bare python3 with pip. Every package is installed at the version in requirements.lock
and checked against the hashes there, whichever tool installs it.

    python3 .ci/environment.py local            # what `make demo` needs
    python3 .ci/environment.py local team equations explainer dev   # what `make test` needs

The extra `explainer` is left out, with a word, where the headers it is built on are missing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BOOT = PROJECT / ".boot"
VENV = PROJECT / ".venv"
LOCK = PROJECT / "requirements.lock"
PYTHON = VENV / "bin" / "python"


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def run(*words: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], cwd=PROJECT, check=True, **options)


def uv() -> Path | None:
    """The uv program, installed into a folder of our own if need be."""
    found = shutil.which("uv")
    if found:
        return Path(found)
    program = BOOT / "bin" / "uv"
    if not program.exists():
        say("Installing uv into .boot (it installs the rest ten times faster)")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        try:
            run(*pip, "--root-user-action=ignore", "--target", BOOT, "uv")
        except (subprocess.CalledProcessError, OSError):
            return None
    return program if program.exists() else None


def by_uv(program: Path, extras: str) -> None:
    if not PYTHON.exists():
        run(program, "venv", "--quiet", "--python", sys.executable, VENV)
    run(program, "pip", "install", "--python", PYTHON, "-c", LOCK, "-e", f".[{extras}]")


def by_pip(extras: str) -> None:
    """Resolve under the lock's versions, then install just those packages with their hashes."""
    if not (VENV / "bin" / "pip").exists():
        run(sys.executable, "-m", "venv", "--clear", VENV)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install")
    text = LOCK.read_text(encoding="utf-8")
    blocks = re.findall(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    with tempfile.TemporaryDirectory() as folder:
        versions = Path(folder) / "versions.txt"
        versions.write_text("".join(b.split("\\\n")[0].strip() + "\n" for b in blocks))
        report = Path(folder) / "report.json"
        say("Asking pip which of the locked packages are needed")
        run(*pip, "--quiet", "--dry-run", "--report", report, "-c", versions, f".[{extras}]")
        wanted = {
            re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
            for item in json.loads(report.read_text())["install"]
        }
        chosen = [b for b in blocks if re.split(r"[=\s;\[]", b)[0].lower() in wanted]
        hashed = Path(folder) / "hashed.txt"
        hashed.write_text("".join(chosen))
        say(f"Installing {len(wanted) - 1} packages with pip (some minutes)")
        run(*pip, "--no-deps", "--require-hashes", "-r", hashed)
    run(*pip, "--quiet", "--no-deps", "-e", ".")


def without_missing_headers(extras: list[str]) -> list[str]:
    """The extras that can be built here: Manim needs the headers of cairo and pango."""
    if "explainer" not in extras:
        return extras
    wanted = ("pkg-config", "--exists", "cairo", "pangocairo")
    if shutil.which("pkg-config") and subprocess.run(wanted, check=False).returncode == 0:
        return extras
    say("Without Manim, its tests skip: apt-get install libcairo2-dev libpango1.0-dev pkg-config,")
    say("then rm .venv/.dev and once more")
    return [extra for extra in extras if extra != "explainer"]


def main() -> None:
    extras = ",".join(without_missing_headers(sys.argv[1:]))
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 …")
    began = time.monotonic()
    say(f"Making .venv with {extras} (first time only; about 2 GB)")
    os.environ.pop("VIRTUAL_ENV", None)
    program = None if os.environ.get("WORKBENCH_NO_UV") else uv()
    try:
        if program is None:
            by_pip(extras)
        else:
            try:
                by_uv(program, extras)
            except subprocess.CalledProcessError:
                say("uv could not do it; trying pip")
                by_pip(extras)
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"the packages could not be installed: {error.cmd[0]} ended with {error.returncode}"
        )
    say(f"Environment ready in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
