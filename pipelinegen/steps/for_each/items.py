"""Items of loops as expressions: those of a list, files, and the folders that a listing finds page by page."""

from pipelinegen.ir.expressions import expression
from pipelinegen.ir.model import Json, Jsonata, Location
from pipelinegen.steps.declared import ANY, ItemTypes, one_checked, with_parts


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
