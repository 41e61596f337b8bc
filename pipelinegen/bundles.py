"""Zips and image contexts: the same bytes for the same content, on every machine."""

import io
import zipfile
from collections.abc import Iterable

#: The first moment a zip can hold; every entry gets it.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def zip_files(files: Iterable[tuple[str, bytes]], level: int = 9) -> bytes:
    """A zip of named contents, in order of the names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
