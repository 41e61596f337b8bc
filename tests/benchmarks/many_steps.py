"""Specs of any number of steps, for measuring the compiler: stages of parallel steps, each needing two of the last."""


def many_steps(count: int, width: int = 10) -> str:
    """A valid spec of `count` steps in stages of `width`: jobs with SQL, waits, notices and calls in turn."""
    lines = [
        "version: 1",
        "name: many-steps",
        "description: A pipeline to measure the compiler with.",
        "owner: {team: bench, email: bench@example.com}",
        "warehouse: {kind: redshift, secret: bench/warehouse, database: bench}",
        "on_failure: {notify: bench@example.com}",
        "datasets:",
        "  source: {from: {table: source}, columns: {id: {type: string}, amount: {type: double}}}",
        "  result: {columns: {id: {type: string}, amount: {type: double}}}",
        "steps:",
    ]
    for number in range(count):
        lines.extend(_step(number, width))
    lines.append("environments:")
    lines.append('  dev: {account_id: "111111111111", region: eu-central-1}')
    return "\n".join(lines) + "\n"


def _step(number: int, width: int) -> list[str]:
    stage, place = divmod(number, width)
    before = [(stage - 1) * width + (place + more) % width for more in (0, 1)] if stage else []
    needs = f"needs: [{', '.join(f's{name}' for name in before)}]"
    if number % 4 == 0:
        return [
            f"  s{number}:",
            "    kind: glue_etl",
            '    inputs: {source: "${datasets.source}"}',
            f"    sql: SELECT id, amount * {number + 1} AS amount FROM source",
            "    output: ${datasets.result}",
            f"    {needs}",
        ]
    kinds = {
        1: "kind: wait, minutes: 5",
        2: 'kind: notify, subject: Done, message: "Stage done on ${run.date}."',
        3: "kind: wait, seconds: 30",
    }
    return [f"  s{number}: {{{kinds[number % 4]}, {needs}}}"]
