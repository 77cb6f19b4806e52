"""Notebooks as reports: what parameters one takes, and a run of it that leaves a page behind.

The parameters cell of a notebook is its contract: names and defaults are read from it, and an
unknown name is an error here, where papermill only warns.
"""

import ast
import errno
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.errors import DiskFull, ReportError, RequestError
from workbench.progress import Progress, silent
from workbench.reports.html_report import render_html

Parameter = str | int | float | bool | list[str] | list[dict[str, Any]] | None
"""What a notebook can be given: papermill writes it into a cell as Python."""

KERNEL = "python3"
ENGINE = "workbench"
"""Our name for papermill's engine with progress."""

PARAMETERS_TAG = "parameters"


@dataclass(frozen=True, slots=True)
class NotebookInfo:
    """A notebook that can be run as a report."""

    name: str
    """Its file name without the ending: `video_report`."""
    title: str
    """Its first heading."""
    summary: str
    """The first sentence below the heading."""
    path: Path
    parameters: dict[str, Parameter]
    """Name → default, in the order of the cell."""
    helps: dict[str, str]
    """Name → the comment behind it."""


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What a run of a notebook left behind."""

    html: Path
    ipynb: Path


def notebook_folder() -> Path:
    """Where the notebooks are: inside the installed package, else in the checkout.

    Raises:
        ReportError: Neither is there.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "notebooks", package.parent.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise ReportError(
        "the notebooks of the reports are missing",
        hint="install the package again, or run from a checkout",
    )


def notebooks(folder: Path | None = None) -> list[NotebookInfo]:
    """The notebooks that can be run, by name.

    Args:
        folder: Where to look; the ones that come with the package if not given.

    Raises:
        ReportError: A notebook cannot be read.
    """
    found = sorted((folder or notebook_folder()).glob("*.ipynb"))
    return [read_notebook(path) for path in found]


def find_notebook(name: str | Path, folder: Path | None = None) -> NotebookInfo:
    """The notebook with this name (`video_report`), or in this file.

    Raises:
        RequestError: There is none.
        ReportError: It cannot be read.
    """
    if isinstance(name, Path) or name.endswith(".ipynb"):
        path = Path(name)
        if path.is_file():
            return read_notebook(path)
    else:
        # Names come from outside; only those that are really there are opened.
        for info in notebooks(folder):
            if info.name == name:
                return info
    known = ", ".join(path.stem for path in sorted((folder or notebook_folder()).glob("*.ipynb")))
    raise RequestError(f"there is no notebook {str(name)!r}", hint=f"choose one of: {known}")


def read_notebook(path: Path) -> NotebookInfo:
    """Read what a notebook is about and which parameters it takes.

    Raises:
        ReportError: It cannot be read, or its parameters are no plain values.
    """
    cells = _load(path)["cells"]
    title, summary = path.stem.replace("_", " ").capitalize(), ""
    words = next((cell["source"] for cell in cells if cell["cell_type"] == "markdown"), "")
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    if lines and lines[0].startswith("#"):
        title = lines.pop(0).lstrip("# ").strip()
    if lines:
        summary = lines[0]
    code = next(
        (cell["source"] for cell in cells if PARAMETERS_TAG in cell["metadata"].get("tags", ())), ""
    )
    parameters, helps = _parameters(path, code)
    return NotebookInfo(path.stem, title, summary, path, parameters, helps)


def _parameters(path: Path, code: str) -> tuple[dict[str, Parameter], dict[str, str]]:
    """Names, defaults and comments of a parameters cell, read without running it."""
    parameters: dict[str, Parameter] = {}
    helps: dict[str, str] = {}
    lines = code.splitlines()
    try:
        for node in ast.parse(code).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    pass
                case _:
                    continue
            parameters[name] = ast.literal_eval(value)
            comment = lines[(value.end_lineno or 1) - 1].partition("  # ")[2]
            helps[name] = comment.strip()
    except (SyntaxError, ValueError) as error:
        raise ReportError(
            f"the parameters cell of {path.name} cannot be read: {error}",
            hint="give each parameter a plain value: a text, a number, a list, None",
        ) from error
    return parameters, helps


def run_report(
    notebook: str | Path,
    parameters: Mapping[str, object],
    folder: Path,
    *,
    data_dir: Path | None = None,
    title: str = "",
    progress: Progress = silent,
) -> ReportFiles:
    """Run a notebook with parameters; keep the executed notebook and make a page of it.

    Args:
        notebook: A name (`video_report`) or a file.
        parameters: Values for the parameters cell; what is left out keeps its default.
        folder: Where `<notebook>.ipynb` and `<notebook>.html` are written.
        data_dir: Given to the notebook as `data_dir` if it takes one.
        title: Title of the page; the notebook's own if empty.
        progress: Told about each cell.

    Returns:
        The two files.

    Raises:
        RequestError: There is no such notebook or parameter, or a value does not fit in a cell.
        ReportError: A cell failed; the notebook is kept up to there.
        DiskFull: There is no room for the files.
    """
    info = find_notebook(notebook)
    values = _checked(info, parameters)
    if data_dir is not None and "data_dir" in info.parameters:
        values["data_dir"] = str(data_dir.resolve())
    target = folder / f"{info.name}.ipynb"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        executed = _execute(info, values, target, progress)
        page = render_html(executed, title=title or info.title)
        progress(len(executed["cells"]), len(executed["cells"]), "writing the page")
        return ReportFiles(_write(folder / f"{info.name}.html", page), target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"there is no room for the report {info.name}", hint=f"free space in {folder}"
            ) from error
        raise ReportError(
            f"the report {info.name} cannot be written: {error.strerror or error}",
            hint=f"check that {folder} is a folder you may write to",
        ) from error


def _checked(info: NotebookInfo, parameters: Mapping[str, object]) -> dict[str, Parameter]:
    unknown = [name for name in parameters if name not in info.parameters]
    if unknown:
        raise RequestError(
            f"{info.name} takes no parameter {unknown[0]!r}",
            hint=f"it takes: {', '.join(info.parameters)}",
        )
    return {name: _plain(name, value) for name, value in parameters.items()}


def _plain(name: str, value: object) -> Parameter:
    match value:
        case None | bool() | str() | int() | float():
            return value
        case Decimal() | Path():
            return str(value)
        case list() | tuple() if value and all(isinstance(item, dict) for item in value):
            return [dict(item) for item in value]
        case list() | tuple():
            return [str(item) for item in value]
        case _:
            raise RequestError(
                f"the parameter {name!r} cannot be a {type(value).__name__}",
                hint="use a text, a number, a list of texts or of objects, or None",
            )


def read_value(info: NotebookInfo, name: str, text: str) -> Parameter:
    """Read a parameter that was written as text, by the type of its default.

    Args:
        info: The notebook that takes it.
        name: The parameter.
        text: Its value; a list has commas between its items, and none is the empty list.

    Raises:
        RequestError: The notebook has no such parameter, or the text does not fit.
    """
    default = _checked(info, {name: info.parameters.get(name)})[name]
    match default:
        case list():
            return [item.strip() for item in text.split(",") if item.strip()]
        case bool() if text in ("true", "false"):
            return text == "true"
        case str():
            return text
        case int() | float() if not isinstance(default, bool):
            try:
                return type(default)(text)
            except ValueError:
                pass
        case None:
            return text or None
    raise RequestError(
        f"{name} cannot be {text!r}", hint=f"the default of {info.name} is {default!r}"
    )


def _execute(
    info: NotebookInfo, values: Mapping[str, Parameter], target: Path, progress: Progress
) -> dict[str, Any]:
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _register_engine()
    # Not `cwd=`: papermill changes the directory of the whole process, and reports run in threads.
    place = {"metadata": {"path": str(info.path.resolve().parent)}}
    try:
        executed = papermill.execute_notebook(
            # papermill fills `{…}` in paths; ours have none to fill.
            _unbraced(info.path),
            _unbraced(target),
            parameters=dict(values),
            engine_name=ENGINE,
            kernel_name=KERNEL,
            progress_bar=False,
            log_output=False,
            resources=place,
            progress=progress,
        )
    except PapermillExecutionError as error:
        code = next((line for line in error.source.splitlines() if line.strip()), "")
        raise ReportError(
            f"cell {error.exec_count} of {info.name} stopped ({code.lstrip('# ')}): "
            f"{error.ename}: {error.evalue}",
            hint=f"open {target} to see where; correct the cause and run the report again",
        ) from error
    return executed  # type: ignore[no-any-return]


def _unbraced(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")


def _register_engine() -> None:
    """Teach papermill an engine that says which cell it is at."""
    from papermill.engines import NBClientEngine, papermill_engines

    class ToldEngine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, progress: Progress, **kwargs: Any
        ) -> None:
            total = len(nb_man.nb.cells)
            start = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                progress(cell_index or 0, total, _stage(cell))
                start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)

    papermill_engines.register(ENGINE, ToldEngine)


def _stage(cell: Mapping[str, Any]) -> str:
    """What a cell is doing: its first comment."""
    first = str(cell["source"]).split("\n", 1)[0]
    if cell["cell_type"] == "code" and first.startswith("# "):
        return first.lstrip("# ").strip()
    return "running the notebook"


def _load(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise ReportError(
            f"{path.name} is no notebook that can be read", hint="open it in JupyterLab to see why"
        ) from error


def _write(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=".nova-", suffix=path.suffix, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
