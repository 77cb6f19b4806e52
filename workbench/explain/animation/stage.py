"""What a compiled scene is drawn with: words, boxes and lines in the pixels of a card, and time.

A scene says what is where and when; this turns it into Manim's objects. Places are pixels of
1280 × 720 from the upper left. Times are seconds of the beat, kept in whole frames. Words are
Manim's `Text` and equations `MathTypst`; nothing in here needs LaTeX unless a formula asks for it.
"""

from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, Literal

from workbench.explain.animation.letters import FONT_SIZE_OF_PX, ink_box, lettered
from workbench.explain.cards.canvas import LINE
from workbench.explain.cards.fonts import REGULAR
from workbench.explain.cards.lettering import Box
from workbench.explain.cards.look import HEIGHT_PX, WIDTH_PX, look_of
from workbench.explain.cards.pictures import Zoom, inside, on_paper, zooming
from workbench.explain.narration import FRAME_RATE

UNIT_PX = HEIGHT_PX / 8
"""Pixels of one of Manim's units: its frame is 8 of them high."""

STROKE_PX = 0.9
"""Pixels of one of Manim's units of a line's width."""

FORMULA_PX = 80
"""Size of an equation's letters, unless its room is too small for it."""

LASTS = {"rise": 12, "grow": 16, "trace": 34, "write": 42}
"""Frames an entrance takes, by its kind."""

Entrance = Literal["rise", "grow", "trace", "write"]


class Stage:
    """The picture of one beat, and its clock."""

    def __init__(self, scene: Any, *, theme: str, length_s: float) -> None:
        """Make an empty picture.

        Args:
            scene: The Manim scene it is drawn in.
            theme: `light` or `dark`.
            length_s: Length of the beat in seconds; it is a whole number of frames.
        """
        self.scene = scene
        self.frame = 0
        """Frames shown so far."""
        self.frames = round(length_s * FRAME_RATE)
        self.placed: list[tuple[str, Box]] = []
        """Words and formulas with the boxes they fill, for a look at the layout."""
        self._paper = look_of(theme).paper
        self._pictures: Iterator[Any] | None = None
        self._is_still = False
        self._inset: tuple[Any, int, int] | None = None
        scene.camera.background_color = "#{:02x}{:02x}{:02x}".format(*self._paper[:3])
        scene.stage = self
        _show_insets(scene.renderer, self)

    # What there is

    def words(
        self,
        text: str,
        room: Box,
        baseline: float,
        size: int,
        color: str,
        *,
        weight: int = REGULAR,
        align: str = "left",
    ) -> Any:
        """Lines of words, made smaller if they would leave their room.

        Args:
            text: Lines, already divided.
            room: Where they may be.
            baseline: Where the first line stands.
            size: Size of the letters.
            color: As `#rrggbb`.
            weight: 200 to 900.
            align: `left`, `centre` or `right`.
        """
        from manim import VGroup

        lines = text.split("\n")
        # Manim sets the lines of a text flush left; others are set line by line.
        blocks = [(0, text)] if align == "left" else list(enumerate(lines))
        group = VGroup()
        for number, block in blocks:
            said = block.split("\n")
            first = next((n for n, line in enumerate(said) if line.strip()), None)
            if first is None:
                continue
            letters = lettered(block, size, color, weight)
            widest = (room[2] - room[0]) / UNIT_PX
            tallest = (room[3] - room[1]) / UNIT_PX
            letters.scale(
                min(1.0, widest / max(letters.width, 1e-6), tallest / max(letters.height, 1e-6))
            )
            left, top = ink_box(said, first, size, weight)
            y = baseline + size * LINE * (number + first) + top
            if align == "left":
                x = min(room[0] + left, room[2] - letters.width * UNIT_PX)
            elif align == "centre":
                x = (room[0] + room[2] - letters.width * UNIT_PX) / 2
            else:
                x = room[2] - letters.width * UNIT_PX
            _put(letters, x, y)
            group.add(letters)
        self._remember(text, group)
        return self._enters(group, "rise")

    def panel(self, box: Box, color: str, round_px: float = 0) -> Any:
        """A filled box that fades in."""
        return self._enters(_box(box, color, round_px), "rise")

    def bar(self, box: Box, color: str, round_px: float = 0) -> Any:
        """A filled box that grows from its left side."""
        return self._enters(_box(box, color, round_px), "grow")

    def dot(self, center: tuple[float, float], radius_px: float, color: str) -> Any:
        """A filled circle."""
        from manim import Dot

        made = Dot(_point(*center), radius=radius_px / UNIT_PX, color=color)
        return self._enters(made, "rise")

    def line(self, points: Sequence[tuple[float, float]], color: str, width_px: float) -> Any:
        """A line through points."""
        return self._enters(_path(points, color, width_px), "rise")

    def curve(self, points: Sequence[tuple[float, float]], color: str, width_px: float) -> Any:
        """A line through points that is drawn from its beginning."""
        return self._enters(_path(points, color, width_px), "trace")

    def formula(self, code: str, room: Box, color: str, *, by: str = "typst") -> Any:
        """An equation in the middle of its room.

        Args:
            code: The equation.
            room: Where it may be.
            color: As `#rrggbb`.
            by: What draws it: `typst`, in whose notation it is, or `ziamath` or `latex`, which take
                LaTeX's.
        """
        made = {"typst": _by_typst, "ziamath": _by_ziamath, "latex": _by_latex}[by](code, color)
        size = (room[2] - room[0]) / UNIT_PX, (room[3] - room[1]) / UNIT_PX
        for part in made.submobjects:
            part.path_obj = None  # Manim copies what it moves; this is not needed any more
        made.scale(min(1.0, size[0] / max(made.width, 1e-6), size[1] / max(made.height, 1e-6)))
        made.move_to(_point((room[0] + room[2]) / 2, (room[1] + room[3]) / 2))
        self._remember(code, made)
        return self._enters(made, "write")

    def picture(self, path: str, room: Box, zoom: Zoom | None = None) -> None:
        """A picture from a file, from the beginning to the end; it goes nearer to a part if asked."""
        whole = on_paper(Path(path), self._paper)
        place, size = inside(whole.size, room)
        self._is_still = zoom is None
        shown = (
            repeat(whole.resize(size, 2))
            if zoom is None
            else zooming(whole, size, zoom, self.frames)
        )
        self._show(shown, place)

    def clip(self, path: str, room: Box, start_s: float, end_s: float) -> None:
        """A piece of a film, from the beginning on; it stands still at its end."""
        from workbench.explain.films.footage import footage
        from workbench.explain.storyboards.visuals import Clip

        def fitted() -> Iterator[Any]:
            for picture in footage(
                Clip(path, start_s, end_s), self.frames, self.frames / FRAME_RATE
            ):
                yield picture.resize(size, 2)

        first = next(footage(Clip(path, start_s, end_s), 1, 1.0))
        place, size = inside(first.size, room)
        self._show(fitted(), place)

    # What happens

    def show(self, *things: Any) -> None:
        """Have things there at once."""
        self.scene.add(*things)

    def at(
        self,
        second: float,
        enter: Sequence[Any] = (),
        leave: Sequence[Any] = (),
        colour: Sequence[tuple[Any, str]] = (),
        until: float | None = None,
    ) -> None:
        """Wait for a moment; then things enter, leave, or are coloured anew.

        Args:
            second: Seconds of the beat.
            enter: What comes, each in its own way.
            leave: What goes; it is gone at once, so that nothing lies on what comes.
            colour: Things and their new colours.
            until: When the next thing happens; entrances have ended by then.
        """
        self._hold(round(second * FRAME_RATE) - self.frame)
        if leave:
            self.scene.remove(*leave)
        last = self.frames if until is None else min(self.frames, round(until * FRAME_RATE))
        wanted = [LASTS[thing.enters_by] for thing in enter] + [8] * bool(colour)
        room = last - self.frame - 1
        count = min(max(wanted, default=0), room)
        if count < 2:
            for thing, value in colour:
                thing.set_color(value)
            self.scene.add(*enter)
            return
        moves = [thing.animate.set_color(value) for thing, value in colour]
        moves += [self._entrance(thing) for thing in enter]
        # Half a frame less: Manim shows a frame for every step below the end of its range.
        self.scene.play(*moves, run_time=(count - 0.5) / FRAME_RATE)
        self.frame += count

    def rest(self) -> None:
        """Stay as it is to the end of the beat."""
        self._hold(self.frames - self.frame)

    def _hold(self, count: int) -> None:
        if count <= 0:
            return
        if self._pictures is None or self._is_still:
            self._next_picture()
            self.scene.wait((count + 0.5) / FRAME_RATE)
        elif hasattr(self.scene.renderer, "hold_moving"):
            self.scene.renderer.hold_moving(count)
        else:
            for _ in range(count):
                self._next_picture()
                self.scene.wait(1.5 / FRAME_RATE)
        self.frame += count

    @staticmethod
    def _entrance(thing: Any) -> Any:
        from manim import LEFT, UP, Create, FadeIn, GrowFromEdge, Write, rate_functions

        slow_end = rate_functions.ease_out_cubic
        match thing.enters_by:
            case "grow":
                return GrowFromEdge(thing, LEFT, rate_func=slow_end)
            case "trace":
                return Create(thing, rate_func=rate_functions.ease_in_out_sine)
            case "write":
                return Write(thing)
        return FadeIn(thing, shift=0.12 * UP, rate_func=slow_end)

    @staticmethod
    def _enters(thing: Any, how: Entrance) -> Any:
        thing.enters_by = how
        return thing

    def _remember(self, text: str, thing: Any) -> None:
        if len(thing.family_members_with_points()) == 0:
            return
        left, right = (
            WIDTH_PX / 2 + x * UNIT_PX for x in (thing.get_left()[0], thing.get_right()[0])
        )
        top, bottom = (
            HEIGHT_PX / 2 - y * UNIT_PX for y in (thing.get_top()[1], thing.get_bottom()[1])
        )
        self.placed.append((text, (left, top, right, bottom)))

    def _show(self, pictures: Iterator[Any], place: tuple[int, int]) -> None:
        self._pictures = pictures
        self._inset = (None, *place)

    def _next_picture(self) -> None:
        import numpy as np

        if self._pictures is None or self._inset is None:
            return
        picture = next(self._pictures, None)
        if picture is not None:
            self._inset = (np.asarray(picture), *self._inset[1:])

    def moved(self, pixels: Any) -> Any:
        """A copy of a frame with the next of the moving pictures in its place."""
        self._next_picture()
        return self.with_picture(pixels.copy())

    def with_picture(self, pixels: Any) -> Any:
        """A frame of Manim's with the picture of now in its place."""
        if self._inset is not None and self._inset[0] is not None:
            inset, x, y = self._inset
            pixels[y : y + inset.shape[0], x : x + inset.shape[1], :3] = inset
        return pixels


def _show_insets(renderer: Any, stage: Stage) -> None:
    """Put pictures into Manim's frames: many times faster than as its own image objects."""
    drawn = renderer.get_frame
    renderer.get_frame = lambda: stage.with_picture(drawn())


def _point(x: float, y: float) -> Any:
    import numpy as np

    return np.array([(x - WIDTH_PX / 2) / UNIT_PX, (HEIGHT_PX / 2 - y) / UNIT_PX, 0.0])


def _put(thing: Any, x: float, y: float) -> None:
    """Move a thing so that its ink begins at a place."""
    from manim import UL

    thing.shift(_point(x, y) - thing.get_corner(UL))


def _box(box: Box, color: str, round_px: float) -> Any:
    from manim import Rectangle, RoundedRectangle

    left, top, right, bottom = box
    width, height = max(0.01, (right - left) / UNIT_PX), max(0.01, (bottom - top) / UNIT_PX)
    look = {
        "width": width,
        "height": height,
        "fill_color": color,
        "fill_opacity": 1,
        "stroke_width": 0,
    }
    corner = min(round_px / UNIT_PX, width / 2, height / 2)
    made = RoundedRectangle(corner_radius=corner, **look) if corner > 0.005 else Rectangle(**look)
    return made.move_to(_point((left + right) / 2, (top + bottom) / 2))


def _path(points: Sequence[tuple[float, float]], color: str, width_px: float) -> Any:
    from manim import VMobject
    from manim.constants import CapStyleType, LineJointType

    made = VMobject(
        stroke_color=color, stroke_width=width_px / STROKE_PX, joint_type=LineJointType.ROUND
    )
    made.set_cap_style(CapStyleType.ROUND)
    made.set_points_as_corners([_point(x, y) for x, y in points])
    return made


def _by_typst(code: str, color: str) -> Any:
    from manim import MathTypst, Typst

    size = FORMULA_PX * FONT_SIZE_OF_PX
    # Double braces mean groups to MathTypst; in a formula of ours they are braces.
    if "{{" in code:
        return Typst(f"$ {code} $", font_size=size, color=color)
    return MathTypst(code, font_size=size, color=color)


def _by_ziamath(code: str, color: str) -> Any:
    import ziamath  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from manim import SVGMobject, config

    # Manim scatters what the newer form of its files refers to.
    ziamath.config.svg2 = False
    file = Path(config.get_dir("tex_dir")) / f"{abs(hash(code))}.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(ziamath.Latex(code, size=FORMULA_PX).svg(), encoding="utf-8")
    made = SVGMobject(str(file), height=None, fill_color=color, stroke_width=0)
    return made.scale(1 / UNIT_PX)


def _by_latex(code: str, color: str) -> Any:
    from manim import MathTex

    return MathTex(code, font_size=FORMULA_PX * FONT_SIZE_OF_PX, color=color)
