"""Words for patterns: each is the pattern of a key, so that none outlives its key."""

import json

from pipelinegen.spec.pattern_words import PATTERN_WORDS
from tests.compiling import ROOT


def test_every_pattern_with_words_is_one_of_the_schema() -> None:
    schema = (ROOT / "generated/pipeline.schema.json").read_text(encoding="utf-8")
    assert [pattern for pattern in PATTERN_WORDS if json.dumps(pattern, ensure_ascii=False) not in schema] == []
