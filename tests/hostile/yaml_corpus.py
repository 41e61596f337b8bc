"""Files that no reader of YAML should fall over, made on the spot: bombs, depths, sizes, encodings, tags."""

from collections.abc import Iterator, Mapping

SPEC = """\
version: 1
name: shop
description: Größe.
owner: {team: shop, email: shop@example.com}
steps:
  rest: {kind: wait, minutes: 5}
environments:
  dev: {account_id: "111111111111", region: eu-central-1}
"""
MIB = 1_048_576


def corpus() -> Iterator[tuple[str, bytes, str | None]]:
    """A name, the file, and the id of its first diagnostic; None for a file that is taken."""
    for name, (text, id) in {**_aliases(), **_depths(), **_sizes(), **_words()}.items():
        yield name, text.encode("utf-8", "surrogatepass"), id
    yield from _encodings()


Cases = Mapping[str, tuple[str, str | None]]


def _aliases() -> Cases:
    nine = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    nine += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefghi", "bcdefghij", strict=True)]
    chain = ["a0: &a0 [x]", *(f"a{number + 1}: &a{number + 1} [*a{number}]" for number in range(3000))]
    return {
        "billion laughs": ("\n".join(nine), "PG005"),
        "chain of aliases": ("\n".join(chain), "PG005"),
        "alias of itself": ("a: &a [*a]", "PG002"),
        "alias of nothing, long": (f"a: *{'x' * 100_000}", "PG002"),
        "many anchors": ("\n".join(f"k{number}: &a{number} 1" for number in range(40_000)), "PG005"),
        "merge key": ("a: &a {x: 1}\nb: {<<: *a}", "PG005"),
    }


def _depths() -> Cases:
    return {
        "10,000 lists": (f"a: {'[' * 10_000}{']' * 10_000}", "PG005"),
        "10,000 mappings": (f"a: {'{a: ' * 10_000}1{'}' * 10_000}", "PG005"),
        "1,400 indents": ("".join(f"{' ' * depth}a:\n" for depth in range(1_400)), "PG005"),
        "100,000 dashes": ("- " * 100_000 + "x", "PG005"),
        "500,000 brackets": ("[" * 500_000, "PG005"),
        "100,000 question marks": ("? " * 100_000, "PG005"),
    }


def _sizes() -> Cases:
    return {
        "a scalar of 100 MB": ("a: " + "x" * 100_000_000, "PG001"),
        "a scalar just below the limit": ("a: " + "x" * (MIB - 100), "PG010"),
        "a key of a megabyte": ("x" * (MIB - 100) + ": 1", "PG002"),
        "an integer of 900,000 digits": ("version: " + "9" * 900_000, "PG005"),
        "a long float": ("a: 1" + "0" * 100_000 + ".5e999999999", "PG005"),
        "an exponent": ("a: 1e999999999999", "PG005"),
        "hexadecimal": ("version: 0x" + "f" * 100_000, "PG011"),
        "90,000 keys": ("\n".join(f"k{number}: 1" for number in range(90_000)), "PG005"),
        "90,000 equal keys": ("k: 1\n" * 90_000, "PG003"),
        "90,000 numbers as keys": ("\n".join(f"{number}: 1" for number in range(90_000)), "PG006"),
        "20,000 steps of no kind": (
            SPEC.replace("steps:", "steps:\n" + "\n".join(f"  s{number}: {{kind: no}}" for number in range(20_000))),
            "PG005",
        ),
        "1,000 environments": (
            SPEC
            + "".join(f'  e{number}: {{account_id: "111111111111", region: eu-west-1}}\n' for number in range(1_000)),
            "PG013",
        ),
        "50,000 documents": ("---\na: 1\n" * 50_000, "PG004"),
        "100,000 comments": ("# x\n" * 100_000, "PG004"),
        "nothing": ("", "PG004"),
        "a name of 400,000 letters": (SPEC.replace("shop\n", "a-" * 200_000 + "!\n", 1), "PG016"),
        "an address of 200,000 dots": (SPEC.replace("@", "@" + "a." * 100_000 + "@"), "PG013"),
        "a cron of 200,000 commas": (f"schedule: {{cron: '{'0,' * 200_000} * * ? *'}}\n{SPEC}", "PG113"),
    }


def _words() -> Cases:
    return {
        "key twice": ("a: 1\na: 2", "PG003"),
        "tab": ("a:\n\tb: 1", "PG002"),
        "NUL": ("a: \0", "PG002"),
        "NUL escaped": (SPEC.replace("Größe.", '"a\\0b"'), None),
        "python object": ("a: !!python/object/apply:os.system ['true']", "PG005"),
        "20,000 tags": ("\n".join(f"k{number}: !!python/name:os.system x" for number in range(20_000)), "PG005"),
        "binary": ("a: !!binary aGVsbG8=", "PG005"),
        "set": ("a: !!set {x, y}", "PG005"),
        "a tag of our own": ("%TAG ! tag:example.com,2000:\n---\na: !x 1", "PG005"),
        "100,000 exclamation marks": ("!" * 100_000, "PG005"),
        "mapping as key": ("? {a: 1}\n: 2", "PG006"),
        "half an escape": ('a: "\\xzz"', "PG002"),
        "half a surrogate": ('a: "\\ud800"', "PG002"),
        "100,000 colons": (":" * 100_000, "PG002"),
        "100,000 quotes": ("'" * 99_999, "PG002"),
        "100,000 percent signs": ("%" * 100_000, "PG002"),
    }


def _encodings() -> Iterator[tuple[str, bytes, str | None]]:
    yield "UTF-8 with a byte order mark", b"\xef\xbb\xbf" + SPEC.encode(), None
    yield "carriage returns", SPEC.replace("\n", "\r\n").encode(), None
    yield "UTF-16", SPEC.encode("utf-16"), "PG002"
    yield "UTF-16 without a mark", SPEC.encode("utf-16-le"), "PG002"
    yield "UTF-32", SPEC.encode("utf-32"), "PG002"
    yield "Latin-1", SPEC.encode("latin-1"), "PG002"
    yield "a surrogate", b"a: \xed\xa0\x80\n", "PG002"
    yield "an overlong slash", b"a: \xc0\xaf\n", "PG002"
    yield "gzip", b"\x1f\x8b\x08\x00" + bytes(range(256)), "PG002"
