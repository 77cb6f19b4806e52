"""The time left is measured, kind by kind, and nothing is said before something was."""

import pytest

from workbench.jobs.pace import Pace


def test_nothing_is_said_before_anything_is_finished():
    assert Pace(0.0).left_s(0, 10, 5.0) is None
    assert Pace(0.0).left_s(0, 0, 5.0) is None


def test_like_units_give_their_mean_times_what_is_left():
    pace = Pace(0.0)
    for number in range(1, 5):
        pace.finished("", 1, 2.0 * number)
    assert pace.left_s(4, 10, 8.0) == pytest.approx(12.0)
    assert pace.left_s(4, 10, 9.0) == pytest.approx(11.0)
    assert pace.left_s(4, 10, 60.0) == pytest.approx(10.0)
    assert pace.left_s(10, 10, 60.0) is None


def test_measuring_a_film_does_not_make_calls_look_slow():
    pace = Pace(0.0, {"measured": 1, "done": 1})
    pace.finished("measured", 1, 300.0)
    assert pace.left_s(1, 42, 300.0) is None
    pace.finished("answered", 1, 302.0)
    # 39 calls are left, and putting it together, which was never timed.
    assert pace.left_s(2, 42, 302.0) is None

    pace = Pace(0.0, {"measured": 2, "done": 2})
    pace.finished("measured", 1, 300.0)
    for number in range(10):
        pace.finished("answered", 1, 302.0 + 2 * number)
    pace.finished("done", 1, 320.5)
    assert pace.left_s(12, 24, 320.5) == pytest.approx(300.0 + 10 * 2.0 + 0.5)


def test_answers_that_were_kept_say_nothing_about_calls():
    pace = Pace(0.0)
    pace.finished("answered", 10, 0.1, was_kept=True)
    assert pace.left_s(10, 40, 0.1) is None
    pace.finished("answered", 1, 5.1)
    assert pace.left_s(11, 40, 5.1) == pytest.approx(29 * 5.0)


def test_one_unit_that_slept_for_an_hour_spoils_nothing():
    pace = Pace(0.0)
    now = 0.0
    for seconds in (2.0, 2.0, 3600.0, 2.0, 2.0, 2.0):
        now += seconds
        pace.finished("", 1, now)
    assert pace.left_s(6, 10, now) == pytest.approx(8.0)


def test_several_finished_at_once_share_the_time():
    pace = Pace(0.0)
    pace.finished("", 4, 8.0)
    assert pace.left_s(4, 10, 8.0) == pytest.approx(12.0)
