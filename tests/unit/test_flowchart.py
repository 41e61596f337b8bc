"""What `pipelinegen graph` draws of loops, of what comes after a failure, and of barriers."""

from tests.compiling import ROOT, pipelines_of


def graph(golden: str) -> list[str]:
    from pipelinegen.emit.flowchart import flowchart

    spec = ROOT / "tests/golden" / golden / "spec.yaml"
    return flowchart(pipelines_of(spec.read_text(encoding="utf-8"))[0])


def test_loops_and_handlers_are_boxes() -> None:
    lines = graph("on_failure")
    start = lines.index('    subgraph step_chunks["chunks: for_each"]')
    assert lines[start + 1 : start + 7] == [
        '        step_count["count<br/><small>http_call</small>"]',
        '        step_weigh["weigh<br/><small>http_call</small>"]',
        '        subgraph failed_weigh["on failure of weigh"]',
        '            step_unload["unload<br/><small>http_call</small>"]',
        "        end",
        "    end",
    ]
    assert '    subgraph failed["on failure"]' in lines
    assert [
        line for line in lines if "-" in line and ">" in line and "subgraph" not in line and "<br/>" not in line
    ] == [
        "    step_take_back --> step_tell",
        "    step_score -. fails .-> failed_score",
        "    step_weigh -. fails .-> failed_weigh",
    ]


def test_barriers_are_dotted() -> None:
    assert "    step_catalogue -. barrier .-> step_audit" in graph("parallel_steps")


def test_what_starts_the_pipeline_and_what_may_be_skipped_are_told() -> None:
    start, first = graph("triggers")[1:3]
    assert start.startswith('    start>"cron(0 4 * * ? *) UTC<br/>raw_file: new object in S3<br/>')
    assert first == '    step_refuse["refuse<br/><small>fail, conditional</small>"]'
