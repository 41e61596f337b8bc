"""What a program of the user's takes on its command line, where its text leaves no doubt of it.

Only literal calls count: one `ArgumentParser()`, its `add_argument("--name", …)`s and one `parse_args()`, in a row, at
the top of a program or in a function that it calls. Then argparse itself says what it would refuse; the program is
read, and never run. Whatever else it does with its arguments, nothing is said.
"""

import argparse
import ast
import builtins
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pipelinegen.errors import Diagnostic, SpecError, suggest
from pipelinegen.spec.conditions import Scalar
from pipelinegen.steps.algorithm_step import Searched, is_known
from pipelinegen.steps.base import Scope

_TYPES: Final[Mapping[str, type]] = {"int": int, "float": float, "str": str}
#: What a parser may be made with, and what of an argument changes nothing of what is taken.
_WORDS: Final = frozenset({"description", "epilog", "formatter_class", "prog", "usage"})
_SILENT: Final = frozenset({"default", "dest", "help", "metavar"})
_TAKING: Final = frozenset({"action", "choices", "nargs", "required", "type"})
_ACTIONS: Final = frozenset({"append", "count", "extend", "store", "store_false", "store_true"})
#: What reads or mends the command line beside the parser, or lives on after it has refused.
_OTHER_WAYS: Final = frozenset({"argv", "orig_argv", "SystemExit", "exit_on_error"})
#: Statements that do one thing after the other.
_PLAIN: Final = (ast.AnnAssign, ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
#: Stands for a value that only the run knows.
_UNKNOWN: Final = "<known to the run>"


class _RefusedError(Exception):
    """What argparse says of arguments that it does not take."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _RefusedError(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _RefusedError(message or "it would only print its help")


@dataclass(frozen=True, slots=True)
class _Argument:
    """One call of add_argument: its names, and what of its keywords matters."""

    names: tuple[str, ...]
    keywords: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a program takes."""

    given: tuple[_Argument, ...]

    @property
    def names(self) -> list[str]:
        """The names of all options, without their dashes."""
        return [name.lstrip("-") for argument in self.given for name in argument.names]

    def refusal(self, words: Sequence[str], *, wants_all: bool = False) -> str | None:
        """What argparse would say of these words, None if it takes them; `wants_all`: nothing comes beside them."""
        is_known = _UNKNOWN not in words
        parser = _Parser(add_help=True)
        for argument in self.given:
            keywords = dict(argument.keywords)
            if not wants_all:
                keywords.pop("required", None)
            if not is_known:
                keywords = {key: value for key, value in keywords.items() if key not in ("type", "choices")}
            parser.add_argument(*argument.names, **keywords)
        try:
            parser.parse_args(list(words))
        except _RefusedError as error:
            return str(error).partition(" (choose from")[0]  # which Python's releases list each in its own way
        return None

    def help(self, name: str, refused: str) -> str:
        """What to do where the argument `name` is refused."""
        if name not in self.names:
            return suggest(name, self.names, "it takes")
        if refused.startswith("unrecognized"):
            return "let the program take a value there: SageMaker gives every hyperparameter one"
        choices = next(it.keywords.get("choices") for it in self.given if name in (n.lstrip("-") for n in it.names))
        return f"it takes: {', '.join(map(str, choices))}" if choices else "give a value that it takes"


def arguments_of(text: str) -> Arguments | None:
    """What the program takes, None where its text does not say it for certain."""
    try:
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
        bodies = [body for body in _bodies(tree) if any(_makes_parser(statement) for statement in body)]
        found = _of_body(bodies[0], nodes) if len(bodies) == 1 and _has_one_way(nodes) else None
        _ = found and found.refusal(())
    except (SyntaxError, RecursionError, MemoryError):
        return None  # no Python, or deeper than one can go
    except (TypeError, ValueError, argparse.ArgumentError):
        return None  # the program's own calls are wrong, which is another matter
    return found


def check_hyperparameters(
    scope: Scope, path: str, text: str, given: Mapping[str, Scalar], search: Mapping[str, Searched] | None = None
) -> None:
    """Raises: SpecError with PG146 for hyperparameters that the program, which gets them as `--name value`, refuses."""
    found = arguments_of(text)
    if found is None:
        return
    faults = [*_of_given(scope, path, found, given), *_of_search(scope, path, found, search or {})]
    words = [word for name in (*given, *(search or {})) for word in _words(name, _UNKNOWN)]
    missing = None if faults else found.refusal(words, wants_all=True)
    if missing:
        help = "give them among the `hyperparameters:`"
        faults.append(Diagnostic(scope.spans.label, "PG146", f"'{path}' would refuse to start: {missing}", help))
    if faults:
        raise SpecError(faults)


def check_words(scope: Scope, path: str, text: str, words: Sequence[str]) -> None:
    """Raises: SpecError with PG146 for `arguments:` that the program refuses."""
    found = arguments_of(text)
    refused = found and found.refusal([word if is_known(word) else _UNKNOWN for word in words], wants_all=True)
    if found and refused:
        wrong = next((word for word in refused.partition("unrecognized arguments: ")[2].split() if word in words), None)
        at = ("arguments",) if wrong is None else ("arguments", words.index(wrong))
        help = suggest((wrong or "").lstrip("-"), found.names, "it takes")
        raise scope.fault("PG146", f"'{path}' would refuse to start: {refused}", help, *at)


def _of_given(scope: Scope, path: str, found: Arguments, given: Mapping[str, Scalar]) -> Iterator[Diagnostic]:
    for name, value in given.items():
        if name.startswith("sagemaker_"):
            continue
        refused = found.refusal(_words(name, _as_word(value)))
        if refused:
            place, message = scope.spans.at("hyperparameters", name), f"'{path}' would refuse '{name}': {refused}"
            span = place.value if name in found.names else place.label
            yield Diagnostic(span, "PG146", message, found.help(name, refused))


def _of_search(scope: Scope, path: str, found: Arguments, search: Mapping[str, Searched]) -> Iterator[Diagnostic]:
    for name, range in search.items():
        for word in _tried(range):
            refused = found.refusal(_words(name, _as_word(word)))
            if refused:
                span, message = scope.spans.at("search", name).label, f"'{path}' would refuse '{name}': {refused}"
                yield Diagnostic(span, "PG146", message, found.help(name, refused))
                break


def _tried(range: Searched) -> Sequence[str]:
    """Values that a search may come to: those listed, some whole numbers, or one that is not whole."""
    if range.values is not None:
        return range.values
    if isinstance(range.from_, int) and isinstance(range.to, int):
        return [str(number) for number in builtins.range(range.from_, min(range.to, range.from_ + 100) + 1)]
    return [str(float(range.from_) + (float(range.to) - float(range.from_)) / 3)]


def _words(name: str, value: str) -> list[str]:
    """As the SageMaker toolkit hands a hyperparameter over."""
    return [f"--{name}" if len(name) > 1 else f"-{name}", value]


def _as_word(value: Scalar) -> str:
    """The text that the toolkit makes of a value: it reads it as JSON first."""
    if isinstance(value, str):
        if not is_known(value):
            return _UNKNOWN
        with suppress(ValueError):
            read = json.loads(value)
            return value if isinstance(read, dict | list) else str(read)
    return str(value)


def _has_one_way(nodes: Sequence[ast.AST]) -> bool:
    """Whether nothing but one parser of argparse decides what becomes of the arguments."""
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    catches_all = any(isinstance(node, ast.ExceptHandler) and node.type is None for node in nodes)
    imported = {
        (node.module, alias.name, alias.asname)
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {(None, alias.name, alias.asname) for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    is_argparse = {(None, "argparse", None), ("argparse", "ArgumentParser", None)} & imported
    others = [module for module, name, _ in imported if name in ("*", "ArgumentParser") and module != "argparse"]
    is_own = any(isinstance(node, ast.ClassDef) and node.name == "ArgumentParser" for node in nodes)
    makers = [node for node in nodes if isinstance(node, ast.expr) and _is_maker(node)]
    return bool(is_argparse) and not (others or is_own or catches_all or names & _OTHER_WAYS) and len(makers) == 1


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """The statements that run for certain: those of the module, of its main part, and of functions that they call."""
    functions = {it.name: it.body for it in tree.body if isinstance(it, ast.FunctionDef) and not it.decorator_list}
    waiting = [tree.body]
    while waiting:
        body = waiting.pop()
        yield body
        for statement in body:
            if isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'":
                waiting.append(statement.body)
            elif isinstance(statement, _PLAIN):
                names = [ast.unparse(call.func) for call in _calls(statement)]
                waiting.extend(functions.pop(name) for name in dict.fromkeys(names) if name in functions)
            elif _may_leave(statement):
                break


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that a plain statement makes in any case."""
    if isinstance(node, ast.Call):
        yield node
    parts = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.IfExp | ast.BoolOp):
        parts = [node.test if isinstance(node, ast.IfExp) else node.values[0]]
    elif isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        parts = []
    for part in parts:
        yield from _calls(part)


def _is_maker(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("argparse.ArgumentParser", "ArgumentParser")


def _makes_parser(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and len(statement.targets) == 1
        and _is_maker(statement.value)
    )


def _of_body(body: list[ast.stmt], nodes: Sequence[ast.AST]) -> Arguments | None:
    """The arguments that are added, one statement each, before they are parsed, where nothing else is done."""
    start = next(index for index, statement in enumerate(body) if _makes_parser(statement))
    made = body[start]
    assert isinstance(made, ast.Assign)
    assert isinstance(made.value, ast.Call)
    if made.value.args or not {word.arg for word in made.value.keywords} <= _WORDS:
        return None
    name, found = ast.unparse(made.targets[0]), list[_Argument]()
    if any(_may_leave(statement) for statement in body[:start]):
        return None
    for statement in body[start + 1 :]:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == f"{name}.add_argument":
            argument = _argument(call)
            if argument is None:
                return None
            found.append(argument)
        elif _parses(statement, name):
            uses = sum(isinstance(node, ast.Name) and node.id == name for node in nodes)
            return Arguments(tuple(found)) if uses == len(found) + 2 else None
        elif not isinstance(statement, _PLAIN) or isinstance(statement, ast.Return):
            return None
    return None


def _may_leave(statement: ast.stmt) -> bool:
    """Whether what comes after a statement may not come to pass."""
    is_definition = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return not is_definition and any(
        isinstance(node, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom) for node in ast.walk(statement)
    )


def _parses(statement: ast.stmt, name: str) -> bool:
    """Whether a statement, which runs in any case, parses the command line."""
    return isinstance(statement, _PLAIN) and f"{name}.parse_args()" in map(ast.unparse, _calls(statement))


def _argument(call: ast.Call) -> _Argument | None:
    """One argument; None if it has no names with dashes, or does something that is not known here."""
    names = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    if not names or len(names) != len(call.args) or not all(name.startswith("-") for name in names):
        return None
    keywords: dict[str, Any] = {}
    for word in call.keywords:
        if word.arg in _SILENT:
            continue
        if word.arg not in _TAKING:
            return None
        if word.arg == "type":
            keywords["type"] = _TYPES.get(ast.unparse(word.value))
            continue
        try:
            keywords[word.arg] = ast.literal_eval(word.value)
        except ValueError:
            if word.arg != "choices":
                return None
    if keywords.get("action", "store") not in _ACTIONS:
        return None
    if keywords.get("type", str) is None:  # a function of the user's makes the value, and only it knows which ones
        keywords = {key: value for key, value in keywords.items() if key not in ("type", "choices")}
    return _Argument(tuple(names), keywords)
