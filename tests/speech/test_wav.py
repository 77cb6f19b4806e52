"""Spoken sound at another rate: the same sound, at the same time, as long as before."""

import numpy as np
import pytest

from workbench.speech.voice.wav import resampled


def tone(rate_hz: int, seconds: float, hz: float = 500.0) -> np.ndarray:
    moments = np.arange(round(rate_hz * seconds)) / rate_hz
    return (12_000 * np.sin(2 * np.pi * hz * moments)).astype(np.int16)


def test_a_tone_is_the_same_tone_at_the_same_time() -> None:
    made = resampled(tone(16_000, 1.0).tobytes(), 16_000, 24_000)
    assert made.dtype == np.int16
    wanted = tone(24_000, 1.0).astype(float)
    assert len(made) == len(wanted)
    # A delay of one sample alone would be 1,570 off.
    assert np.abs(made.astype(float) - wanted)[200:-200].max() < 60


def test_a_click_stays_where_it_is() -> None:
    sound = np.zeros(16_000, np.int16)
    sound[8_000] = 20_000
    made = resampled(sound.tobytes(), 16_000, 24_000)
    assert int(np.abs(made.astype(int)).argmax()) == 12_000


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1_001, 160_000])
def test_it_is_as_long_as_before(count: int) -> None:
    made = resampled(np.ones(count, np.int16).tobytes(), 16_000, 24_000)
    assert len(made) == round(count * 1.5)


def test_the_same_rate_changes_nothing() -> None:
    given = tone(24_000, 0.1)
    assert np.array_equal(resampled(given.tobytes(), 24_000, 24_000), given)
