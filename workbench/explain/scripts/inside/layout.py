"""What a scene looks like after each of its plays, read off bounding boxes.

Part of the program inside of the sandbox: it is copied there and imports nothing of the workbench.
What it finds are warnings: labels may stand in boxes, and a camera may move.
"""

from typing import Any

SMALLEST_FONT = 14.4
"""In Manim's sizes; 18 pixels in a film of 720 lines."""
OVER_UNITS = 0.1
"""How far something may stand over the edge, in Manim's units; a frame is 8 high."""
COVERED = 0.6
"""Share of the smaller text under the larger one."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in Manim's units."""


class Layout:
    """Looks at a scene after each play; every fault is told once."""

    def __init__(self) -> None:
        import manim

        self.texts = _classes(
            manim, "Text", "MarkupText", "Paragraph", "Code", "SingleStringMathTex", "Typst",
            "DecimalNumber",
        )  # fmt: skip
        self.grounds = _classes(manim, "NumberPlane", "PolarPlane", "ValueTracker")
        self.wholes = _classes(manim, "Axes", "NumberLine", "ImageMobject")
        self.unseen = _classes(manim, "ThreeDScene")
        self.found: list[dict[str, Any]] = []
        self.told: set[tuple[Any, ...]] = set()
        self.kept: list[Any] = []
        """Objects that were told of: an id is only theirs while they live."""

    def look(self, scene: Any, line: int) -> None:
        """Look at what is shown now."""
        if isinstance(scene, self.unseen):
            return  # what stands where depends on the camera
        camera = scene.renderer.camera
        width, height = float(camera.frame_width), float(camera.frame_height)
        x, y = (float(each) for each in camera.frame_center[:2])
        frame = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        texts: list[Any] = []
        shapes: list[Any] = []
        for mobject in scene.mobjects:
            self._sorted(mobject, texts, shapes)
        boxes = [(text, box_of(text)) for text in texts if is_seen(text)]
        for text, box in boxes:
            self._text(text, box, frame, line)
        for shape in shapes:
            if is_seen(shape):
                self._shape(shape, box_of(shape), frame, line)
        for index, (text, box) in enumerate(boxes):
            for other, its in boxes[index + 1 :]:
                if covered(box, its) >= COVERED:
                    said = f"{name_of(text)} and {name_of(other)} lie on each other"
                    self._say(("overlap", id(text), id(other)), (text, other), line, said,
                              "put one of them elsewhere, or take it away first")  # fmt: skip

    def _sorted(self, mobject: Any, texts: list[Any], shapes: list[Any]) -> None:
        if isinstance(mobject, self.texts):
            texts.append(mobject)
        elif isinstance(mobject, self.grounds):
            return
        elif isinstance(mobject, self.wholes):
            shapes.append(mobject)
        else:
            if len(getattr(mobject, "points", ())):
                shapes.append(mobject)
            for each in mobject.submobjects:
                self._sorted(each, texts, shapes)

    def _text(self, text: Any, box: Box, frame: Box, line: int) -> None:
        width, wide = box[2] - box[0], frame[2] - frame[0]
        if width > wide:
            said = f"{name_of(text)} is {width:.1f} units wide; the frame is {wide:.1f}"
            hint = "break it into lines, or use scale_to_fit_width"
            self._say(("wide", id(text)), (text,), line, said, hint)
        elif is_over(box, frame):
            said = f"{name_of(text)} stands over the edge of the frame"
            self._say(("out", id(text)), (text,), line, said, "move it in, or make it smaller")
        try:
            size = float(text.font_size)
        except Exception:  # noqa: BLE001 - a text without letters has no size
            return
        if 0 < size < SMALLEST_FONT:
            said = f"{name_of(text)} is too small to be read: font size {size:.0f}"
            self._say(("small", id(text)), (text,), line, said, f"use {SMALLEST_FONT:.0f} or more")

    def _shape(self, shape: Any, box: Box, frame: Box, line: int) -> None:
        covers = (
            box[0] <= frame[0] and box[2] >= frame[2] and box[1] <= frame[1] and box[3] >= frame[3]
        )
        if is_over(box, frame) and not covers:
            size = f"{box[2] - box[0]:.1f} by {box[3] - box[1]:.1f} units"
            said = f"{name_of(shape)} ({size}) stands over the edge of the frame"
            self._say(("out", id(shape)), (shape,), line, said, "make it smaller, or move it in")

    def _say(
        self, key: tuple[Any, ...], about: tuple[Any, ...], line: int, said: str, hint: str
    ) -> None:
        if key not in self.told and len(self.found) < 40:
            self.told.add(key)
            self.kept.extend(about)
            self.found.append({"kind": "layout", "line": line, "message": said, "hint": hint})


def _classes(manim: Any, *names: str) -> tuple[type, ...]:
    return tuple(getattr(manim, name) for name in names if hasattr(manim, name))


def box_of(mobject: Any) -> Box:
    """Where an object stands."""
    left, right = mobject.get_left(), mobject.get_right()
    bottom, top = mobject.get_bottom(), mobject.get_top()
    return float(left[0]), float(bottom[1]), float(right[0]), float(top[1])


def is_seen(mobject: Any) -> bool:
    """Is any of it visible?"""
    for each in mobject.get_family():
        if not len(getattr(each, "points", ())):
            continue  # a group
        if not hasattr(each, "stroke_width"):
            return True  # a picture
        strokes = each.get_stroke_opacity() if each.get_stroke_width() else 0
        if max(float(each.get_fill_opacity()), float(strokes)) > 0.05:
            return True
    return False


def is_over(box: Box, frame: Box) -> bool:
    """Does it stand partly in the frame and partly out of it?"""
    is_in = box[0] < frame[2] and box[2] > frame[0] and box[1] < frame[3] and box[3] > frame[1]
    over = max(frame[0] - box[0], frame[1] - box[1], box[2] - frame[2], box[3] - frame[3])
    return is_in and over > OVER_UNITS


def covered(a: Box, b: Box) -> float:
    """Share of the smaller box that lies on the other."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    if width <= 0 or height <= 0 or min(areas) <= 0:
        return 0.0
    return width * height / min(areas)


def name_of(mobject: Any) -> str:
    """What people call it: its class and, for words, the words."""
    words = getattr(mobject, "original_text", "") or getattr(mobject, "tex_string", "")
    words = " ".join(str(words).split())
    short = f" “{words[:30]}{'…' if len(words) > 30 else ''}”" if words else ""
    return f"{type(mobject).__name__}{short}"
