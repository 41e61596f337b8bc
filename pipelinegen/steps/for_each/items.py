"""Items of loops as expressions: those of a list, files, and the folders that a listing finds page by page."""

from pipelinegen.ir.expressions import expression
from pipelinegen.ir.model import Json, Jsonata, Location
from pipelinegen.steps.base import REFERENCE, Scope
from pipelinegen.steps.declared import (
    ANY,
    DECLARED_AS,
    HeldTypes,
    ItemTypes,
    is_fitting,
    one_checked,
    one_type,
    with_parts,
)

Scalar = str | int | float | bool


def item_of(name: str, of: ItemTypes | None, location: Location | None, *, is_file: bool) -> Jsonata:
    """The item of a round as its steps see it: of a list, or of the files or folders of a location.

    An item that is not what `of` says ends the loop.
    """
    value = "$states.context.Map.Item.Value"
    if location and is_file:
        return Jsonata(
            f"{{'key': {value}.Key, 'size': {value}.Size, 'bucket': '{location.bucket}',"
            f" 'uri': 's3://{location.bucket}/' & {value}.Key}}"
        )
    if location:
        found = _partition(location, value)
        return Jsonata(with_parts(found.text, "the folder's name", of)) if isinstance(of, dict) else found
    what = f"the item '{name}'"
    if isinstance(of, dict):
        return Jsonata(with_parts(value, what, of))
    return Jsonata(one_checked(value, what, of or ANY))


def page_of(listing: dict[str, Json], page: str) -> Jsonata:
    """A listing that goes on where the last one ended: S3 gives at most 1,000 folders at a time."""
    return Jsonata(f"$merge([{expression(listing)}, ${page} = '' ? {{}} : {{'ContinuationToken': ${page}}}])")


def listed(found: str, page: str) -> dict[str, Json]:
    """What a listing adds: folders by their prefixes alone, for variables hold 256 KiB at most."""
    following = "$states.result.NextContinuationToken"
    return {
        found: Jsonata(f"[$append(${found}, $states.result.CommonPrefixes.Prefix)]"),
        page: Jsonata(f"$exists({following}) ? {following} : ''"),
    }


def _partition(location: Location, value: str) -> Jsonata:
    """A folder as an object: where it is, and what `key=value` in its name says."""
    name = f"$split({value}, '/')[-2]"
    pair = f"{{$substringBefore({name}, '='): $substringAfter({name}, '=')}}"
    uri = f"'s3://{location.bucket}/' & {value}"
    return Jsonata(f"$merge([{{'prefix': {value}, 'uri': {uri}}}, $contains({name}, '=') ? {pair} : {{}}])")


def check_of(scope: Scope, of: ItemTypes | None, reference: str) -> None:
    """Raises: SpecError with PG135 where the items of a list are known to be something else than `of:` says."""
    held = scope.held_types(reference[2:-1])
    if of is not None and held is not None and not is_fitting(of, held):
        message = f"`of:` says {_shown(of)}, and what '{reference}' holds is {_shown(held)}"
        raise scope.fault("PG135", message, "declare what the items are", "of")


def _shown(types: HeldTypes) -> str:
    parts = types.items() if not isinstance(types, str) else ()
    return types if isinstance(types, str) else f"{{{', '.join(f'{part}: {type}' for part, type in parts)}}}"


def held_by(collect: Scalar | dict[str, Scalar] | None, inside: Scope) -> HeldTypes:
    """What each round gives, or what its parts are."""
    if isinstance(collect, dict):
        return {key: _type_of(value, inside) for key, value in collect.items()}
    return "boolean" if collect is None else _type_of(collect, inside)


def _type_of(value: Scalar, inside: Scope) -> str:
    whole = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if whole is None:
        return "string" if isinstance(value, str) and REFERENCE.search(value) else one_type([value])
    type = inside.value_type(whole.group(1), "collect")
    return inside.declared_type(whole.group(1)) or (DECLARED_AS[type] if type else ANY)
