"""What proxies save as a table: a frame for pages and notebooks, and blocks of a report."""

from typing import TYPE_CHECKING

from workbench.library.proxies.savings import Savings
from workbench.media.timecode import format_length
from workbench.reports.parts.markup import Block, escaped, fact_list, section, style, table, tag
from workbench.reports.savings.charts import share_words, size_words

if TYPE_CHECKING:
    import polars as pl

HEADS = ("File", "Proxy", "Original", "Proxy", "Saved", "Upload", "Instead of")
TOKEN_HEADS = ("Tokens", "Instead of")


def savings_frame(savings: Savings) -> "pl.DataFrame":
    """A row a file, the greatest savers first: bytes, seconds and tokens, before and after."""
    import polars as pl

    files = savings.files
    columns: dict[str, tuple[list[object], type[pl.DataType]]] = {
        "name": ([e.name for e in files], pl.String),
        "kind": ([e.kind for e in files], pl.String),
        "spec": ([e.spec for e in files], pl.String),
        "original_bytes": ([e.original_bytes for e in files], pl.Int64),
        "proxy_bytes": ([e.proxy_bytes for e in files], pl.Int64),
        "saved": ([e.share for e in files], pl.Float64),
        "original_upload_s": ([savings.upload_s(e.original_bytes) for e in files], pl.Float64),
        "proxy_upload_s": ([savings.upload_s(e.proxy_bytes) for e in files], pl.Float64),
        "original_tokens": ([e.original_tokens for e in files], pl.Int64),
        "proxy_tokens": ([e.proxy_tokens for e in files], pl.Int64),
    }
    return pl.DataFrame(
        {name: values for name, (values, _) in columns.items()},
        schema={name: kind for name, (_, kind) in columns.items()},
    )


def savings_facts(savings: Savings) -> list[str]:
    """The savings in a few short sentences: bytes, time, tokens, and what has no proxy yet."""
    if not savings.files:
        return ["No proxy has been made yet."]
    before, after = savings.original_bytes, savings.proxy_bytes
    smaller = share_words(savings.share or 0.0)
    was, now = _time(savings.upload_s(before)), _time(savings.upload_s(after))
    said = [
        f"{size_words(before)} of originals, {size_words(after)} of proxies: {smaller}.",
        f"Sent once at {savings.upload_mbit_s:g} Mbit/s: {now} instead of {was}.",
    ]
    if savings.original_tokens is not None and savings.proxy_tokens is not None:
        said.append(
            f"{savings.by_pixels[0]} bills pictures by pixels: {savings.proxy_tokens:,} tokens "
            f"instead of {savings.original_tokens:,}."
        )
    said += billing_facts(savings)
    if savings.without:
        noun = "file" if savings.without == 1 else "files"
        said.append(
            f"{savings.without:,} {noun} of {size_words(savings.without_bytes)} without a proxy."
        )
    return said


def billing_facts(savings: Savings) -> list[str]:
    """What fewer pixels do not change of a model's price, a sentence each."""
    said = []
    if savings.flat and any(each.kind == "image" for each in savings.files):
        name, tokens = savings.flat[0]
        said.append(f"{name} bills {tokens} tokens a picture, whatever its size.")
    if any(each.kind == "video" for each in savings.files):
        said.append("A video costs by the frames looked at: the same as its original.")
    return said


def savings_header(savings: Savings) -> Block:
    """Title and small print of a report about savings."""
    share = savings.share
    title = "Nothing to weigh yet" if share is None else f"Proxies: {share_words(share)}"
    notes = savings_facts(savings)
    if not savings.files:
        notes.append("Make some: workbench proxies, or the Library page.")
    facts = [
        f"{len(savings.files):,} files" if len(savings.files) != 1 else "1 file",
        f"{savings.upload_mbit_s:g} Mbit/s",
    ]
    body = f'<h1 class="nova-title">{escaped(title)}</h1>' + fact_list(facts)
    body += "".join(f'<p class="nova-note">{escaped(note)}</p>' for note in notes)
    head = tag("header", "nova nova-header", f"<div>{body}</div>")
    return Block(f"<style>{style()}</style>{head}", title)


def savings_block(savings: Savings, *, most: int = 200, title: str = "Each file") -> Block:
    """The table as a part of a report.

    Args:
        savings: What was weighed.
        most: Rows, the greatest savers first.
        title: Its heading.
    """
    if not savings.files:
        return Block("")
    has_tokens = savings.original_tokens is not None
    heads = HEADS + (TOKEN_HEADS if has_tokens else ())
    rows = []
    for each in savings.files[:most]:
        cells = [
            each.name, each.spec, size_words(each.original_bytes), size_words(each.proxy_bytes),
            share_words(each.share), _time(savings.upload_s(each.proxy_bytes)),
            _time(savings.upload_s(each.original_bytes)),
        ]  # fmt: skip
        counts = (each.proxy_tokens, each.original_tokens) if has_tokens else ()
        cells += ["–" if count is None else f"{count:,}" for count in counts]
        rows.append([escaped(cell) for cell in cells])
    left = len(savings.files) - most
    note = f'<p class="nova-note">and {left:,} more</p>' if left > 0 else ""
    return section(
        title,
        table(heads, rows, "", numbers=range(2, len(heads))) + note,
        count=len(savings.files),
    )


def _time(seconds: float) -> str:
    return "< 0.1 s" if seconds < 0.1 else format_length(seconds)
