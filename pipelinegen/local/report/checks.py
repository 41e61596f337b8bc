"""Rows read and written, and what the checks of the datasets found, a day a column."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelinegen.local.run_folders import RunRecord


@dataclass(frozen=True, slots=True)
class Cell:
    """What a table shows of one day; `tone`: plain, good, bad or none."""

    text: str
    tone: str = "plain"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table."""

    label: str
    about: str
    cells: Sequence[Cell]


_NOTHING = Cell("–", "none")


def row_counts(records: Sequence[RunRecord]) -> list[Row]:
    """Rows that each job read, by dataset, and wrote."""
    labels: dict[tuple[str, str], None] = {}
    found: list[dict[tuple[str, str], Cell]] = []
    for record in records:
        cells: dict[tuple[str, str], Cell] = {}
        for report in record.reports:
            step = str(report.get("step", ""))
            for name, source in report.get("inputs", {}).items():
                cells[step, f"{name} read"] = Cell(f"{source['rows']:,}")
            written = (report.get("output") or {}).get("rows")
            cells[step, "written"] = Cell("–" if written is None else f"{written:,}")
        found.append(cells)
        labels.update(dict.fromkeys(cells))
    return [Row(what, step, [cells.get((step, what), _NOTHING) for cells in found]) for step, what in labels]


def check_results(records: Sequence[RunRecord]) -> list[Row]:
    """Each check: rows that violate it, of all rows."""
    labels: dict[tuple[str, str], None] = {}
    found: list[dict[tuple[str, str], Cell]] = []
    for record in records:
        cells: dict[tuple[str, str], Cell] = {}
        for report in record.reports:
            for check in report.get("checks", ()):
                dataset = check["dataset"]
                about = f"{report['step']}: {'its output' if dataset == 'output' else dataset}"
                columns = ", ".join(check.get("columns") or ())
                label = f"{check['check']}{f'({columns})' if columns else ''}"
                cells[about, label] = _result(int(check.get("violations") or 0), check.get("rows"))
        found.append(cells)
        labels.update(dict.fromkeys(cells))
    return [Row(label, about, [cells.get((about, label), _NOTHING) for cells in found]) for about, label in labels]


def _result(violations: int, rows: object) -> Cell:
    of = f" of {rows:,}" if isinstance(rows, int) else ""
    if violations:
        return Cell(f"{violations:,} ✗", "bad", f"{violations:,}{of} rows do not hold")
    return Cell("✓", "good", f"holds for all{of} rows")
