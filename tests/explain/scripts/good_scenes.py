"""Scenes as people and models write them, of different kinds, with nothing wrong in them."""

FORMULA = """
from manim import *


class Pythagoras(Scene):
    def construct(self):
        title = Text("Pythagoras", font_size=56).to_edge(UP)
        formula = MathTex("a^2", "+", "b^2", "=", "c^2", font_size=72)
        formula.set_color_by_tex("c^2", YELLOW)
        self.play(Write(title))
        self.play(FadeIn(formula, shift=UP), run_time=1)
        self.play(Indicate(formula[4]))
        box = SurroundingRectangle(formula, color=BLUE, buff=0.3, corner_radius=0.1)
        self.play(Create(box))
        self.wait(0.5)
"""

GRAPH = """
from manim import *
import numpy as np


class SineAndArea(Scene):
    def construct(self):
        axes = Axes(
            x_range=[0, 7, 1], y_range=[-1.5, 1.5, 0.5], x_length=9, y_length=4,
            axis_config={"color": GREY_B, "include_tip": False},
        )
        curve = axes.plot(lambda x: np.sin(x), color=TEAL, x_range=[0, 6.5])
        area = axes.get_area(curve, x_range=(0, PI), color=[BLUE, GREEN], opacity=0.4)
        label = Text("sin x", font_size=32).next_to(curve, UR, buff=0.1)
        dot = Dot(color=YELLOW).move_to(axes.c2p(0, 0))
        tracker = ValueTracker(0)
        dot.add_updater(lambda d: d.move_to(axes.c2p(tracker.get_value(), np.sin(tracker.get_value()))))
        self.play(Create(axes), run_time=0.6)
        self.play(Create(curve), FadeIn(label))
        self.add(dot)
        self.play(tracker.animate.set_value(PI), run_time=1, rate_func=linear)
        self.play(FadeIn(area))
        self.wait(0.4)
"""

TRANSFORM = '''
from manim import *


class ShapesTurn(Scene):
    """Shapes that become each other."""

    def construct(self):
        square = Square(side_length=2, color=BLUE, fill_opacity=0.5)
        circle = Circle(radius=1.2, color=RED).set_fill(RED, opacity=0.5)
        star = Star(n=5, outer_radius=1.5, color=GOLD)
        shapes = VGroup(square, circle, star)
        self.play(GrowFromCenter(square))
        for shape, angle in zip(shapes[1:], (PI / 4, PI / 2)):
            self.play(Transform(square, shape), run_time=0.6)
            self.play(Rotate(square, angle=angle), run_time=0.4)
        self.play(square.animate.shift(RIGHT * 2).scale(0.6).set_color(PURPLE))
        self.play(FadeOut(square, scale=0.5))
'''

CAMERA = """
from manim import *


class LookCloser(MovingCameraScene):
    def construct(self):
        dots = VGroup(*[Dot(point=[x, y, 0], radius=0.06) for x in range(-3, 4) for y in range(-2, 3)])
        self.add(dots)
        self.camera.frame.save_state()
        self.play(self.camera.frame.animate.set(width=4).move_to(dots[3]), run_time=0.8)
        self.play(dots[3].animate.set_color(YELLOW))
        self.play(Restore(self.camera.frame), run_time=0.6)
"""

BARS = """
from manim import *

DATA = {"wet": 3.2, "half": 2.1, "dry": 0.4}


def bar(value, color):
    return Rectangle(width=0.8, height=value, fill_color=color, fill_opacity=0.9, stroke_width=0)


class Leaks(Scene):
    def construct(self):
        bars = VGroup(*(bar(value, color) for value, color in zip(DATA.values(), (BLUE, TEAL, ORANGE))))
        bars.arrange(RIGHT, buff=0.8, aligned_edge=DOWN).to_edge(DOWN, buff=1.5)
        names = VGroup()
        for name, each in zip(DATA, bars):
            label = Text(name, font_size=28)
            label.next_to(each, DOWN, buff=0.2)
            names.add(label)
        self.play(LaggedStart(*[GrowFromEdge(each, DOWN) for each in bars], lag_ratio=0.3))
        self.play(AnimationGroup(*[FadeIn(name) for name in names]))
        self.play(bars[0].animate.set_fill(RED), Circumscribe(names[0], color=RED, fade_out=True))
        self.wait(0.3)
"""

FLOW = """
from manim import Arrow, Create, FadeIn, RoundedRectangle, Scene, Text, VGroup
from manim import BLUE, GREEN, LEFT, RIGHT, UP
from dataclasses import dataclass


@dataclass
class Stage:
    name: str
    color: object


class Flow(Scene):
    stages = [Stage("question", BLUE), Stage("film", GREEN)]

    def box(self, stage):
        frame = RoundedRectangle(corner_radius=0.2, width=3, height=1.4, color=stage.color)
        return VGroup(frame, Text(stage.name, font_size=30).move_to(frame))

    def construct(self):
        boxes = VGroup(*map(self.box, self.stages)).arrange(RIGHT, buff=2)
        arrow = Arrow(boxes[0].get_right(), boxes[1].get_left(), buff=0.1)
        self.play(FadeIn(boxes[0], shift=LEFT))
        self.play(Create(arrow), run_time=0.5)
        self.play(FadeIn(boxes[1], shift=RIGHT))
        self.wait(0.4)
"""

NUMBERS = """
from manim import *


class Counting(Scene):
    def construct(self):
        line = NumberLine(x_range=[0, 10, 2], length=8, include_numbers=True)
        number = DecimalNumber(0, num_decimal_places=1, font_size=60).to_edge(UP)
        pointer = Triangle(color=YELLOW, fill_opacity=1).scale(0.15).rotate(PI)
        value = ValueTracker(0)
        pointer.add_updater(lambda p: p.next_to(line.n2p(value.get_value()), UP, buff=0.1))
        number.add_updater(lambda n: n.set_value(value.get_value()))
        matrix = Matrix([[1, 2], [3, 4]]).scale(0.7).to_edge(DOWN)
        self.add(line, number, pointer)
        self.play(value.animate.set_value(8), run_time=1)
        number.clear_updaters()
        self.play(Write(matrix))
        self.wait(0.3)
"""

SOLID = """
from manim import *


class Turning(ThreeDScene):
    def construct(self):
        axes = ThreeDAxes(x_range=(-3, 3), y_range=(-3, 3), z_range=(-2, 2))
        cube = Cube(side_length=1.5, fill_opacity=0.7, fill_color=BLUE)
        self.set_camera_orientation(phi=70 * DEGREES, theta=-45 * DEGREES)
        self.add(axes)
        self.play(FadeIn(cube), run_time=0.4)
        self.move_camera(theta=-20 * DEGREES, run_time=0.6)
"""

CODE = '''
import manim as mn
from manim import *
import itertools
import math
import random

random.seed(3)


class Grid(mn.Scene):
    """A grid of squares with a helper class and comprehensions."""

    class Cell:
        def __init__(self, row, column):
            self.row, self.column = row, column

        @property
        def shade(self):
            return interpolate_color(BLUE, RED, math.hypot(self.row, self.column) / 6)

    def construct(self):
        cells = [self.Cell(r, c) for r, c in itertools.product(range(3), range(4))]
        squares = VGroup()
        for cell in cells:
            square = mn.Square(side_length=0.9).set_fill(cell.shade, opacity=0.8)
            squares.add(square)
        squares.arrange_in_grid(rows=3, cols=4, buff=0.15)
        order = list(range(len(squares)))
        random.shuffle(order)
        with_text = {i: Text(str(i), font_size=24).move_to(squares[i]) for i in order}
        self.play(LaggedStart(*(FadeIn(squares[i], scale=0.3) for i in order), lag_ratio=0.1))
        self.play(*[Write(with_text[i]) for i in sorted(with_text)][:3])
        try:
            self.play(Swap(squares[0], squares[5]))
        except ValueError as error:
            print(error)
        self.wait(0.2)
'''

PARTS = """
from manim import *


class Base(Scene):
    def heading(self, words):
        self.title = Text(words, font_size=40).to_corner(UL)
        return self.title


class Derived(Base):
    def construct(self):
        self.play(FadeIn(self.heading("Two steps")))
        first = MathTex(r"\\frac{d}{dx} x^2")
        second = MathTex(r"2x").next_to(first, RIGHT)
        brace = Brace(first, DOWN)
        words = brace.get_text("rule")
        self.play(Write(first))
        self.play(GrowFromCenter(brace), FadeIn(words), run_time=0.5)
        self.play(TransformFromCopy(first, second), self.title.animate.set_opacity(0.5))
        plane = NumberPlane(x_range=[-2, 2], y_range=[-2, 2], background_line_style={"stroke_opacity": 0.3})
        self.play(FadeOut(VGroup(brace, words)), Create(plane.scale(0.4).to_edge(RIGHT)))
"""

GOOD = {
    name: value.lstrip()
    for name, value in globals().items()
    if name.isupper() and isinstance(value, str)
}
"""Name → script."""
