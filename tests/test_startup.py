"""Processes start without what they do not need."""

import subprocess
import sys

CHECKED = """
import sys, workbench, jsonschema
print("lark" in sys.modules)
schema = {"type": "string", "format": "iri"}
check = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
print(*map(check.is_valid, ["http://pümpe.example/ß?ü#ö", "no address", "http://[::1"]))
print("lark" in sys.modules)
"""

ASKED = """
import sys, workbench, jsonschema
from rfc3987_syntax import is_valid_syntax_iri
import rfc3987_syntax
print(is_valid_syntax_iri("https://example.org/ä"), rfc3987_syntax.__file__ is not None)
"""


def said_by(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_grammar_of_addresses_is_built_when_one_is_checked():
    assert said_by(CHECKED) == ["False", "True False False", "True"]


def test_who_asks_for_the_grammar_itself_gets_the_real_one():
    assert said_by(ASKED) == ["True True"]


def test_where_another_has_loaded_the_grammar_it_stays():
    code = "import rfc3987_syntax as first, workbench, sys"
    assert said_by(f"{code}\nprint(sys.modules['rfc3987_syntax'] is first)") == ["True"]
