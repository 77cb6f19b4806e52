"""Language codes: containers and file names use three letters, Whisper and we use two.

Only codes whose letters mean a language are known; a guess would mislabel a transcript.
"""

_THREE_TO_TWO = {
    "ara": "ar", "bul": "bg", "cat": "ca", "ces": "cs", "chi": "zh", "cze": "cs", "dan": "da",
    "deu": "de", "dut": "nl", "ell": "el", "eng": "en", "est": "et", "fin": "fi", "fra": "fr",
    "fre": "fr", "ger": "de", "gre": "el", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu",
    "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko", "lav": "lv", "lit": "lt", "nld": "nl",
    "nor": "no", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk",
    "slo": "sk", "slv": "sl", "spa": "es", "srp": "sr", "swe": "sv", "tha": "th", "tur": "tr",
    "ukr": "uk", "vie": "vi", "zho": "zh",
}  # fmt: skip


def two_letter_code(code: str) -> str:
    """Turn an ISO 639 code of two or three letters into the one of two; empty if it is none.

    Example:
        >>> two_letter_code("ger"), two_letter_code("EN"), two_letter_code("und")
        ('de', 'en', '')
    """
    low = code.strip().lower()
    return low if len(low) == 2 and low.isalpha() else _THREE_TO_TWO.get(low, "")
