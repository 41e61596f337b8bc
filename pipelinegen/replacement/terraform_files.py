"""Resources and their arguments, read from Terraform files that `terraform fmt` would leave alone, as ours are."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_OPEN = re.compile(r'^(?P<indent> *)(?P<words>[A-Za-z_]\w*(?: "[^"]*")*) \{(?P<closed>\})?$')
_ARGUMENT = re.compile(r'^ *(?P<name>"[^"]*"|[A-Za-z_]\w*) += (?P<value>.*)$')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAMED = re.compile(r"\b(?P<sort>local|var)\.(?P<name>\w+)")
#: A local may name another; ours never do so three times over.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource block: where it stands, and the text of each argument by its path such as `target.arn`."""

    type: str
    label: str
    file: str
    line: int
    arguments: Mapping[str, str]

    @property
    def address(self) -> str:
        """What terraform calls it."""
        return f"{self.type}.{self.label}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The resources of a folder by address, what its provider is told (`region`), and where its state lies (`key`)."""

    resources: Mapping[str, Resource]
    provider: Mapping[str, str]
    backend: Mapping[str, str]


@dataclass(slots=True)
class _Block:
    words: list[str]
    file: str
    line: int
    arguments: dict[str, str]


def read_configuration(files: Mapping[str, str]) -> Configuration:
    """Everything in the `terraform/*.tf` of a generated folder; locals and defaults stand for their names."""
    blocks = [
        block
        for path in sorted(files)
        if path.startswith("terraform/") and path.endswith(".tf") and path.count("/") == 1
        for block in _blocks(path, files[path])
    ]
    named = _named_values(blocks)
    resources: dict[str, Resource] = {}
    provider: dict[str, str] = {}
    backend: dict[str, str] = {}
    for block in blocks:
        arguments = {path: _resolved(text, named) for path, text in block.arguments.items()}
        if block.words[0] == "resource":
            resource = Resource(block.words[1], block.words[2], block.file, block.line, arguments)
            resources[resource.address] = resource
        elif block.words[0] == "provider":
            provider = arguments
        elif block.words[0] == "terraform":
            backend |= {path.removeprefix("backend."): text for path, text in arguments.items() if "backend." in path}
    return Configuration(resources, provider, backend)


def _blocks(file: str, text: str) -> Iterator[_Block]:
    """Every top-level block; arguments of blocks inside it have the inner block's name before their own."""
    inside: list[str] = []
    block = _Block([], file, 0, {})
    lines = iter(enumerate(text.split("\n"), start=1))
    for number, line in lines:
        if opened := _OPEN.match(line):
            words = [word.strip('"') for word in opened["words"].split(" ")]
            if inside:
                block.arguments.setdefault(".".join((*inside[1:], words[0])), "{}")
            else:
                block = _Block(words, file, number, {})
            inside.append(words[0])
        elif argument := _ARGUMENT.match(line):
            path = ".".join((*inside[1:], argument["name"].strip('"')))
            block.arguments[path] = _whole_value(argument["value"], lines)
        if inside and ((opened and opened["closed"]) or line.strip() == "}"):
            inside.pop()
            if not inside:
                yield block


def _whole_value(first: str, lines: Iterator[tuple[int, str]]) -> str:
    """The value that begins on a line, and goes on until its brackets are closed."""
    value = first
    while not _is_whole(value):
        value += f"\n{next(lines)[1].strip()}"
    return value


def _is_whole(value: str) -> bool:
    bare = _STRING.sub('""', value)
    return all(bare.count(left) == bare.count(right) for left, right in ("[]", "{}", "()"))


def _named_values(blocks: list[_Block]) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in blocks:
        if block.words[0] == "locals":
            found |= {f"local.{name}": text for name, text in block.arguments.items()}
        elif block.words[0] == "variable" and "default" in block.arguments:
            found[f"var.{block.words[1]}"] = block.arguments["default"]
    return found


def _resolved(text: str, named: Mapping[str, str]) -> str:
    for _ in range(_DEEPEST):
        changed = _NAMED.sub(lambda found: named.get(found[0], found[0]), text)
        if changed == text:
            break
        text = changed
    return text
