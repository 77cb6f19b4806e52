"""Spoken sound as samples: at another rate, and as a WAV file."""

import wave
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.media.outputs import atomic_output

if TYPE_CHECKING:
    import numpy as np

BYTES_PER_SAMPLE = 2


def write_wav(path: Path, samples: bytes, sample_rate_hz: int) -> None:
    """Write mono sound of 16 bits; the file appears only when it is whole.

    Args:
        path: WAV file to write; one that is there is replaced.
        samples: Signed, two bytes each, the lower one first.
        sample_rate_hz: Samples a second.

    Raises:
        RequestError: The folder may not be written to.
        DiskFull: There is no room for the file.
    """
    with atomic_output(path) as temporary, wave.open(str(temporary), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(BYTES_PER_SAMPLE)
        out.setframerate(sample_rate_hz)
        out.writeframes(samples)


def resampled(samples: bytes, from_hz: int, to_hz: int) -> "np.ndarray":
    """Bring mono sound of 16 bits to another rate, by ffmpeg's resampler.

    Args:
        samples: Signed, two bytes each, the lower one first.
        from_hz: Samples a second that they have.
        to_hz: Samples a second that are wanted.

    Returns:
        Samples of 16 bits, as many as the same time takes.
    """
    import av
    import numpy as np

    given = np.frombuffer(samples, "<i2").astype(np.int16)
    wanted = round(len(given) * to_hz / from_hz)
    if from_hz == to_hz or not wanted:
        return given
    frame = av.AudioFrame.from_ndarray(given.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = from_hz
    resampler = av.AudioResampler(format="s16", layout="mono", rate=to_hz)
    made = [out.to_ndarray()[0] for put in (frame, None) for out in resampler.resample(put)]
    sound = np.concatenate([given[:0], *made])[:wanted]
    return np.pad(sound, (0, wanted - len(sound)))
