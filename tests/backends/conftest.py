"""Shared by the tests of backends: a Bedrock on loopback, small media, and questions."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from tests.support.openai_server import OpenAIServer
from workbench.analysis.answers.answer import answer_schema
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import Catalog, ModelInfo
from workbench.backends.openai.compatible import OpenAICompatible
from workbench.backends.protocol import MediaPart, ModelRequest
from workbench.media.timecode import TimeSpan

QWEN = """
[models.qwen]
name = "Qwen 3"
engine = "openai"
model_id = "qwen3:8b"
accepts = ["text", "image"]
max_images = 5
max_output_tokens = 8000
"""

EVERYTHING = ("summary", "chapters", "equipment", "objects", "topics")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def lite(catalog: Catalog) -> ModelInfo:
    return catalog.get("lite")


@pytest.fixture(scope="session")
def shared_server() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def server(shared_server: BedrockServer, monkeypatch: pytest.MonkeyPatch) -> BedrockServer:
    """A Bedrock with an empty log and no script."""
    for name, value in credentials_for_tests().items():
        monkeypatch.setenv(name, value)
    shared_server.reset()
    return shared_server


class Sleeper:
    """Takes the place of `time.sleep`: remembers, and does not wait."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits_s.append(seconds)


class Gate:
    """Lets everything pass, and writes down what it is asked and told."""

    def __init__(self) -> None:
        self.asked: list[int | None] = []
        self.settled: list[tuple[int, int | None]] = []

    def __call__(self, tokens: int | None = None) -> Callable[[int | None], None]:
        self.asked.append(tokens)
        number = len(self.asked)
        return lambda used: self.settled.append((number, used))


# One of each for all tests: opening a boto3 client takes longer than most of them.


@pytest.fixture(scope="session")
def shared_sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture(scope="session")
def shared_nova(shared_server: BedrockServer, shared_sleeper: Sleeper) -> BedrockNova:
    return BedrockNova(
        "us-east-1", shared_server.url, sleep=shared_sleeper, jitter=lambda: 1.0, read_timeout_s=20
    )


@pytest.fixture(scope="session")
def shared_streaming(shared_server: BedrockServer, shared_sleeper: Sleeper) -> BedrockNova:
    return BedrockNova(
        "us-east-1",
        shared_server.url,
        stream=True,
        sleep=shared_sleeper,
        jitter=lambda: 1.0,
        read_timeout_s=20,
    )


@pytest.fixture
def sleeper(shared_sleeper: Sleeper) -> Sleeper:
    shared_sleeper.waits_s.clear()
    return shared_sleeper


@pytest.fixture
def nova(server: BedrockServer, sleeper: Sleeper, shared_nova: BedrockNova) -> BedrockNova:
    """Nova on the loopback server; waits are noted in `sleeper` at full length, not waited."""
    return shared_nova


@pytest.fixture
def streaming(
    server: BedrockServer, sleeper: Sleeper, shared_streaming: BedrockNova
) -> BedrockNova:
    """The same, taking its answers as streams."""
    return shared_streaming


@pytest.fixture(scope="session")
def shared_openai_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def openai_server(
    shared_openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> OpenAIServer:
    """An OpenAI-compatible server that wants no key, with an empty log and no script."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    shared_openai_server.reset()
    return shared_openai_server


@pytest.fixture
def openai(openai_server: OpenAIServer, sleeper: Sleeper) -> OpenAICompatible:
    """A backend that knows nothing of the server yet; waits are noted in `sleeper`."""
    return OpenAICompatible(
        openai_server.base_url, sleep=sleeper, jitter=lambda: 1.0, read_timeout_s=20
    )


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> ModelInfo:
    """A model of that server, as a user's own file names it."""
    path = tmp_path_factory.mktemp("catalog") / "mine.toml"
    path.write_text(QWEN)
    return load_catalog(path).get("qwen")


def clip_bytes(seconds: int) -> bytes:
    """A small MP4 at one frame per second."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, 1)
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for index in range(seconds):
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes of nothing."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    path.write_bytes(clip_bytes(180))
    return path


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    Image.new("RGB", (320, 200), "teal").save(path)
    return path


MakePart = Callable[..., MediaPart]


@pytest.fixture
def part() -> MakePart:
    """Make a `MediaPart` of a file; the format is the suffix unless named."""

    def make(path: Path, *, format: str = "", seconds: float = 180) -> MediaPart:  # noqa: A002
        kind = "video" if path.suffix in {".mp4", ".mkv", ".3gp"} else "image"
        size = path.stat().st_size if path.exists() else 0
        span = TimeSpan(0, seconds) if kind == "video" else None
        name = format or path.suffix.lstrip(".")
        return MediaPart(kind, "0123456789abcdef", "nova", span, path, name, size)

    return make


@pytest.fixture
def question(clip: Path, part: MakePart) -> ModelRequest:
    """All there is to ask about the clip."""
    return ModelRequest(
        task="analyse_chunk",
        model="lite",
        prompt=(
            'This is part 1 of 1 of a recording called "clip.mp4": 0:00 to 3:00 of 3 min.\n\n'
            "What was said (seconds from the start of this part):\n"
            "[2] The pump stands in the basement.\n[70] The mechanical seal leaks.\n\n"
            "What was read on the screen:\n(nothing)"
        ),
        schema=answer_schema("analyse_chunk", EVERYTHING),
        schema_name="report",
        media=(part(clip),),
        system="You describe recordings for analysts.",
    )


@pytest.fixture
def asked(question: ModelRequest) -> ModelRequest:
    """The question about the clip's words, for a model of a user's own server."""
    return replace(question, model="qwen", media=())


@pytest.fixture
def photo_question(photo: Path, part: MakePart, question: ModelRequest) -> ModelRequest:
    """All there is to ask about the photo."""
    return replace(
        question,
        task="analyse_image",
        schema=answer_schema("analyse_image", EVERYTHING),
        media=(part(photo),),
    )
