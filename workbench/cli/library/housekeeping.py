"""`workbench gc`, `backup` and `restore`: keep a library small, and safe."""

import argparse
from pathlib import Path

from workbench.cli.output import (
    FAILED,
    Command,
    counted,
    megabytes,
    plain,
    print_failures,
    print_json,
    shown_progress,
    table,
)
from workbench.library.housekeeping import Removed
from workbench.settings import load_settings
from workbench.workspace import Workspace


def _gc_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="list what would go, remove nothing")


def _gc(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace, shown_progress(quiet=arguments.json) as progress:
        report = workspace.collect_garbage(arguments.dry_run, progress=progress)
    if arguments.json:
        print_json({**plain(report), "size_bytes": report.size_bytes})
        return FAILED if report.failed else 0
    found = [each for each in report.removed if each.count]
    if found:
        print(table(["what", "count", "size"], [_row(each) for each in found], right="lrr"))
        verb = "Would free" if report.is_dry_run else "Freed"
        print(f"\n{verb} {megabytes(report.size_bytes)}.")
    elif not report.failed:
        print("Nothing to remove.")
    for note in report.notes:
        print(note)
    print_failures(report.failed)
    return FAILED if report.failed else 0


def _row(removed: Removed) -> list[str]:
    size = "" if removed.size_bytes is None else megabytes(removed.size_bytes)
    return [removed.kind, f"{removed.count}", size]


def _backup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a zip archive to write")
    parser.add_argument(
        "--with-reports", action="store_true", help="put the files of reports in, too"
    )
    parser.add_argument(
        "--without-uploads",
        action="store_true",
        help="leave out media that came from a browser; no other copy may exist",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")


def _backup(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace, shown_progress(quiet=arguments.json) as progress:
        report = workspace.back_up(
            arguments.file,
            with_reports=arguments.with_reports,
            with_uploads=not arguments.without_uploads,
            force=arguments.force,
            progress=progress,
        )
    if arguments.json:
        print_json(plain(report))
        return 0
    print(
        f"{report.path}: {megabytes(report.size_bytes)}, {counted(report.rows, 'record')}, "
        f"{counted(report.files, 'file')}, checked, in {report.seconds:.1f} s"
    )
    options = {"reports": "--with-reports puts them in", "uploads": "as asked"}
    for name in report.left_out:
        print(f"The files of {name} are not in it ({options[name]}).")
    print("Media are not in it where they lie outside of the data folder.")
    return 0


def _restore_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="what `workbench backup` wrote")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="an empty or new folder (default: the data folder)"
    )
    parser.add_argument(
        "--force", action="store_true", help="keep what is there aside under another name"
    )
    parser.add_argument("--dry-run", action="store_true", help="check the backup, restore nothing")


def _restore(arguments: argparse.Namespace) -> int:
    from workbench.jobs.keeping.restore import check_backup, restore_backup

    settings = load_settings()
    with shown_progress(quiet=arguments.json) as progress:
        if arguments.dry_run:
            manifest = check_backup(arguments.file, progress)
        else:
            report = restore_backup(
                arguments.file,
                arguments.to or settings.data_dir,
                database_url=settings.database_url,
                force=arguments.force,
                progress=progress,
            )
    if arguments.dry_run:
        if arguments.json:
            print_json({**plain(manifest), "files": len(manifest.files)})
        else:
            print(
                f"{arguments.file.name} is whole: {counted(len(manifest.files), 'file')}, "
                f"{megabytes(manifest.size_bytes)}, made {manifest.made_at:%Y-%m-%d %H:%M} UTC "
                f"of {manifest.data_dir}"
            )
        return 0
    if arguments.json:
        print_json(plain(report))
        return 0
    print(
        f"The library of {report.made_at:%Y-%m-%d %H:%M} UTC is in {report.data_dir}: "
        f"{counted(report.rows, 'record')}, {counted(report.files, 'file')}, "
        f"in {report.seconds:.1f} s"
    )
    if report.proxies_forgotten:
        print(f"{counted(report.proxies_forgotten, 'small copy')} will be made again when needed.")
    if report.open_jobs:
        print(f"{counted(report.open_jobs, 'job')} will go on: workbench worker")
    for name in report.kept_aside:
        print(f"What was there before is kept in {name}")
    return 0


COMMANDS = {
    "gc": Command("  workbench gc --dry-run\n  workbench gc", _gc_options, _gc),
    "backup": Command(
        "  workbench backup ~/backups/library.zip\n"
        "  workbench backup library.zip --with-reports --force",
        _backup_options,
        _backup,
    ),
    "restore": Command(
        "  workbench restore ~/backups/library.zip --to ~/library\n"
        "  workbench restore library.zip --dry-run",
        _restore_options,
        _restore,
    ),
}
