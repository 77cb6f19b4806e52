"""Write spoken sound as a WAV file."""

import wave
from pathlib import Path

from workbench.media.outputs import atomic_output

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
