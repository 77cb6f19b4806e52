"""What progress looks like: a bar on a terminal, lines without one."""

import os
import re
import select
import sys

from workbench.cli.output import shown_progress


def read_all(terminal: int) -> str:
    text = b""
    while select.select([terminal], [], [], 0.3)[0]:
        try:
            text += os.read(terminal, 65536)
        except OSError:
            break
    return text.decode()


def test_on_a_terminal_progress_is_a_bar_with_counts_and_times(run, shelf, monkeypatch):
    outer, inner = os.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    with os.fdopen(inner, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with shown_progress() as progress:
            progress(1, 4, "talk.mp4: speech [bold]")
        shown = read_all(outer)
    os.close(outer)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "━━━" in plain
    assert "1/4" in plain
    assert "talk.mp4: speech [bold]" in plain
    assert re.search(r"\d:\d\d:\d\d", plain)


def test_a_command_on_a_terminal_draws_the_bar_and_wipes_it(run, shelf, monkeypatch):
    outer, inner = os.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    with os.fdopen(inner, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        done = run("import", shelf)
        shown = read_all(outer)
    os.close(outer)
    assert "4 added" in done.out
    assert "━" in shown
    assert shown.rstrip().endswith("\x1b[2K")


def test_lines_are_one_for_each_stage_and_not_for_each_percent(capfd):
    with shown_progress() as progress:
        for second in range(500):
            progress(0, 3, f"talk.mp4: speech ({second} of 500)")
        progress(1, 3, "talk.mp4: measured")
    assert capfd.readouterr().err.splitlines() == [
        "[0/3] talk.mp4: speech (0 of 500)",
        "[1/3] talk.mp4: measured",
    ]


def test_two_signals_at_once_do_not_flood_the_lines(capfd):
    with shown_progress() as progress:
        for second in range(500):
            signal = ("speech", "shots")[second % 2]
            progress(0, 3, f"talk.mp4: {signal} ({second} of 500)")
    assert len(capfd.readouterr().err.splitlines()) == 2


def test_quiet_is_silent(capfd):
    with shown_progress(quiet=True) as progress:
        progress(1, 2, "stage")
    assert capfd.readouterr() == ("", "")
