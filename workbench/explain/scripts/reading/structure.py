"""How a script is built: exactly one scene, and no hand put out of the work folder.

What is found here is lint: a script that wants to can hide. The sandbox keeps it in.
"""

import ast
from collections.abc import Collection, Iterator
from pathlib import PurePath

from workbench.explain.scripts.findings import Finding

_REACHING = {
    "aiohttp", "boto3", "botocore", "ctypes", "ftplib", "http", "httpx", "multiprocessing",
    "paramiko", "pexpect", "pickle", "pty", "requests", "selenium", "shutil", "signal", "smtplib",
    "socket", "socketserver", "ssl", "subprocess", "telnetlib", "urllib", "urllib3", "webbrowser",
    "websocket", "websockets", "xmlrpc",
}  # fmt: skip
_ASKING = {"input", "raw_input", "breakpoint"}
_RUNNING = {"eval", "exec", "compile", "__import__"}
_OF_SYSTEM = {"system", "popen", "environ", "getenv", "execv", "spawnv", "fork", "kill", "remove"}
_FILES = {
    "open", "ImageMobject", "SVGMobject", "Code", "Path", "add_sound", "load", "loadtxt",
    "genfromtxt", "savetxt", "save", "read_text", "imread",
}  # fmt: skip


def structure_findings(
    tree: ast.Module, scene_names: Collection[str], class_name: str = ""
) -> tuple[str, list[Finding]]:
    """Which class is the scene, and what is wrong with the way the script is built.

    Args:
        tree: The script.
        scene_names: Names of Manim's own scene classes.
        class_name: The scene that is asked for, if there are several.

    Returns:
        The scene's class (empty where there is not exactly one), and what was found.
    """
    name, found = _target(tree, scene_names, class_name)
    return name, [*found, *_reaching(tree)]


def scene_classes(tree: ast.Module, scene_names: Collection[str]) -> dict[str, ast.ClassDef]:
    """The script's classes that are scenes, also by way of one another."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    scenes: dict[str, ast.ClassDef] = {}
    before = -1
    while len(scenes) != before:
        before = len(scenes)
        for name, node in classes.items():
            bases = {_last_name(base) for base in node.bases}
            if bases & (set(scenes) | set(scene_names)):
                scenes[name] = node
    return scenes


def _target(
    tree: ast.Module, scene_names: Collection[str], class_name: str
) -> tuple[str, list[Finding]]:
    scenes = scene_classes(tree, scene_names)
    drawn = [name for name in scenes if _has_construct(name, scenes)]
    if class_name:
        if class_name in drawn:
            return class_name, []
        there = f"there are {', '.join(drawn)}" if drawn else "there is none"
        return "", [Finding("structure", 0, f"there is no scene {class_name}", there)]
    based = {_last_name(base) for node in scenes.values() for base in node.bases}
    leaves = [name for name in drawn if name not in based]
    if len(leaves) == 1:
        return leaves[0], []
    if len(leaves) > 1:
        said = f"{len(leaves)} scenes in one script: {', '.join(leaves)}"
        line = scenes[leaves[1]].lineno
        return "", [Finding("structure", line, said, "keep one, or name the class to render")]
    if scenes:
        name, node = next(iter(scenes.items()))
        said = f"{name} has no construct method"
        return "", [Finding("structure", node.lineno, said, "write def construct(self):")]
    hint = "write class Example(Scene): with a method construct(self)"
    return "", [Finding("structure", 0, "there is no scene in the script", hint)]


def _has_construct(name: str, scenes: dict[str, ast.ClassDef]) -> bool:
    seen: set[str] = set()
    while name in scenes and name not in seen:
        seen.add(name)
        node = scenes[name]
        if any(
            isinstance(each, ast.FunctionDef) and each.name == "construct" for each in node.body
        ):
            return True
        name = next((base for b in node.bases if (base := _last_name(b)) in scenes), "")
    return False


def _last_name(node: ast.expr) -> str:
    """`Scene` of `Scene` and of `manim.Scene`."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _reaching(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _imported(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from _imported(node.module or "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            yield Finding("reach", node.lineno, "a scene is one file: it imports none beside it")
        elif isinstance(node, ast.Attribute) and node.attr in _OF_SYSTEM:
            if _last_name(node.value) == "os":
                said = f"os.{node.attr} reaches out of the scene"
                yield Finding("reach", node.lineno, said, "leave it out")
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _imported(name: str, line: int) -> Iterator[Finding]:
    if name.split(".", maxsplit=1)[0] in _REACHING:
        said = f"{name} reaches out of the scene"
        yield Finding("reach", line, said, "a scene has no network and starts no programs")


def _called(node: ast.Call) -> Iterator[Finding]:
    name = _last_name(node.func)
    if isinstance(node.func, ast.Name) and name in _ASKING:
        yield Finding("reach", node.lineno, f"{name}() waits for somebody", "leave it out")
    elif isinstance(node.func, ast.Name) and name in _RUNNING:
        yield Finding("reach", node.lineno, f"{name}() runs hidden code", "write it out")
    elif name in _FILES:
        words = [each.value for each in node.keywords if each.arg in {"code_file", "file_name"}]
        for each in (*node.args[:1], *words):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield from _file(each.value, name, each.lineno)


def _file(path: str, name: str, line: int) -> Iterator[Finding]:
    place = PurePath(path)
    if place.is_absolute() or path.startswith("~") or ".." in place.parts or "://" in path:
        said = f"{name} names a file out of the work folder: {path[:80]}"
        yield Finding("reach", line, said, "a scene draws everything itself")
    elif name in {"ImageMobject", "add_sound"} or place.suffix:
        said = f"{name} names the file {path[:80]}, and the work folder is empty"
        yield Finding("reach", line, said, "draw it with shapes, or use a picture beat")
