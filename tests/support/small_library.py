"""A small library with something of everything that a backup holds."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from workbench.backends.call_cache import CallCache
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.library.records import ReportRecord
from workbench.library.store import Store
from workbench.media.asset import Proxy
from workbench.media.timecode import TimeSpan
from workbench.search.moments import make_moment

ASSET, UPLOAD = "a" * 16, "b" * 16


REPLY = ModelReply({"text": "paid"}, Usage(), "m", "end_turn", 1.0)


def fill(store: Store, data_dir: Path, make_asset, make_analysis, measured) -> None:
    """A small library with something of everything."""
    store.add_asset(make_asset("talk.mp4", ASSET))
    upload = data_dir / "uploads" / f"mine_{UPLOAD}.mp4"
    upload.parent.mkdir(exist_ok=True)
    upload.write_bytes(b"an upload")
    store.add_asset(replace(make_asset(id_=UPLOAD), path=upload))
    store.put_evidence(measured)
    store.add_analysis(make_analysis())
    store.put_moments(ASSET, [make_moment(ASSET, TimeSpan(0, 1), "a word", "transcript", "local")])
    proxy = data_dir / "proxy_video" / f"talk_{ASSET}_nova.mp4"
    proxy.parent.mkdir(exist_ok=True)
    proxy.write_bytes(b"a proxy")
    store.add_proxy(Proxy(ASSET, proxy, "nova", 7, 64, 36, 60.0, 1.0, ()))
    report = data_dir / "reports" / "0123456789ab" / "video_report.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text("<html>")
    store.add_report(ReportRecord("0123456789ab", "v", "A report", datetime.now(UTC), report, None))
    CallCache(data_dir / "calls").put("0" * 64, "", REPLY)
    (data_dir / "calls" / "00" / ".abcdefgh.part").write_text("half")


def names(folder: Path) -> set[str]:
    """Everything below a folder, hidden files too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
