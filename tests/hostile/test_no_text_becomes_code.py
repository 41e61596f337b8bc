"""A user's text stays text in HCL, ASL, JSONata, Jinja, shell and Python, whatever it holds."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from pipelinegen.code_folders import code_beside
from pipelinegen.errors import SpecError
from tests.compiling import files_of
from tests.hostile.code_shape import Shape, shape_of
from tests.hostile.mutations import Path_, Spec, corpus

SPECS = corpus()
HARMLESS = "zqx word"
TEXTS = (
    "zqx ${",
    "zqx ${path.module}",
    'zqx ${file("/etc/passwd")}',
    "zqx %{ if true }yes%{ endif }",
    "zqx $${a} %%{b}",
    "zqx {{ 7 * 7 }}",
    "zqx {% set x = 1 %} {# no #}",
    "{% $states.input %}",
    "{% 'a' & $eval('1') %}",
    'zqx " + 1 + "',
    "zqx ' & $boom() & '",
    "zqx \\' & 1 & \\'",
    "zqx \\",
    'zqx \\\\" \\n',
    "zqx\nRUN id\nEOT\n}\n",
    "zqx\r\n# comment */ // --",
    "zqx \"\"\" ''' import os",
    "zqx `id` $(id) ; id | id > x",
    "zqx \u2028 \u2029 \u0085 \u202e \u200b",
    "ｚｑｘ ＄｛ａ｝ ﹛% %﹜",
    "zqx 😀 \U000e0041",
    "<script>alert(1)</script> &amp; ]]>",
)


def texts_of(spec: Spec) -> list[Path_]:
    """The places of a spec that take any text. Raw states of an `asl` step are code, and are meant to be."""
    texts = (place for place in spec.places if isinstance(_at(spec.data, place), str) and "states" not in place)
    return [place for place in texts if _takes(spec, [place], HARMLESS)]


def _at(data: Any, path: Path_) -> Any:
    for part in path:
        data = data[part]
    return data


def _with(spec: Spec, places: list[Path_], text: str) -> str:
    data = copy.deepcopy(spec.data)
    for place in places:
        _at(data, place[:-1])[place[-1]] = text
    dumped: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    return dumped


def _takes(spec: Spec, places: list[Path_], text: str) -> bool:
    try:
        files_of(_with(spec, places, text), code_beside(spec.path))
    except SpecError:
        return False
    return True


def shapes(environments: Mapping[str, Mapping[str, str]]) -> dict[str, Shape]:
    """The shape of every file that is code; the manifest holds hashes only."""
    return {
        f"{environment}/{path}": shape_of(path, text)
        for environment, files in environments.items()
        for path, text in files.items()
        if path != "MANIFEST.json"
    }


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.path.parent.name}-{spec.path.stem}")
def test_hostile_text_leaves_the_shape_of_all_code(spec: Spec) -> None:
    free = texts_of(spec)
    assert ("description",) in free
    for text in TEXTS:
        taking = free if _takes(spec, free, text) else [place for place in free if _takes(spec, [place], text)]
        if not taking:
            continue
        reader = code_beside(spec.path)
        expected = shapes(files_of(_with(spec, taking, HARMLESS), reader))
        made = shapes(files_of(_with(spec, taking, text), reader))
        assert sorted(made) == sorted(expected)
        for path, shape in expected.items():
            assert made[path] == shape, f"{text!r} changes {path}"
