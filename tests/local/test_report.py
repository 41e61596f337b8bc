"""The HTML report: what it shows of good and of failed runs, and that every text stays a text."""

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelinegen.local.report.charts import metric_chart
from pipelinegen.local.report.page import render_report
from pipelinegen.local.report.timeline import timeline
from pipelinegen.local.run_folders import read_lines
from tests.local.command_line import run_command
from tests.local.report_runs import RUDE, Story, history

VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """The elements of a page: how many of each, which attributes there are, and the texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.classes: list[str] = []
        self.feed(text)
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.classes += [str(value) for name, value in attrs if name == "class"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open = self.open[:-1] if tag not in VOID else self.open

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def rendered(story: Story) -> str:
    notifications = read_lines(story.state / "notifications.jsonl")
    return render_report("shop", "dev", story.runs.all(), metric="ndcg_at_20", notifications=notifications)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Five days: two good ones, a model that is rejected, a failure that was retried once, and a crash."""
    made = Story(tmp_path)
    made.day("2026-11-16", 0.05)
    made.day("2026-11-17", 0.12)
    made.day("2026-11-18", 0.09, accepted=False)
    made.failure("2026-11-19", "the loss is not a number", retries=1)
    made.crash("2026-11-20")
    return made


def test_a_page_tells_the_story_of_its_days(story: Story) -> None:
    page = Page(rendered(story))
    text = " ".join(" ".join(page.texts).split())
    assert page.tags.count("details") == 5
    statuses = [name.removeprefix("status ") for name in page.classes if name.startswith("status ")]
    assert statuses[:5] == ["succeeded", "succeeded", "succeeded", "failed", "interrupted"]
    # Interactions, Train and Publish of three days; two attempts of Train; two states of the crash.
    bars = [name.removeprefix("bar ") for name in page.classes if name.startswith("bar ")]
    assert sorted(bars) == ["done"] * 11 + ["failed"] * 2 + ["open"]
    assert page.classes.count("again") == 2
    assert page.classes.count("dot own accepted") == 2
    assert page.classes.count("dot own rejected") == 1
    assert (page.classes.count("model promoted"), page.classes.count("model left")) == (2, 1)
    assert (page.classes.count("edge")) == 2
    for shown in ("2 of 3 models accepted", "12 ✗", "19,864", "Skoda", "13,480", "the loss is not a number"):
        assert shown in text, shown
    assert "The end of train.log:" in text


def test_a_page_is_one_file_without_scripts(story: Story) -> None:
    text = rendered(story)
    page = Page(text)
    assert {"script", "link", "img", "iframe", "object"} & set(page.tags) == set()
    assert {"src", "href", "onload", "onclick", "srcset"} & page.attributes == set()
    assert "url(#arrow)" in text
    assert text.count("http") == text.count("http-equiv")
    assert "prefers-color-scheme: dark" in text
    assert "default-src 'none'" in text


def test_no_text_becomes_markup(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.day("2026-11-15", 0.04)
    story.day("2026-11-16", 0.05)
    polite = Page(rendered(story))
    story.rude("2026-11-17")
    text = rendered(story)
    page = Page(text)
    assert {"script", "img"} & set(page.tags) == set()
    assert page.tags.count("style") == 1
    assert page.attributes == polite.attributes
    # As a cause, in the log, as state, step, schedule, key, item, feature, subject, message and so on.
    assert sum(piece.count("alert(1)") for piece in page.texts) >= 18
    assert "{{ 7 * 7 }}" in text
    assert RUDE not in text


def test_a_page_about_nothing_is_a_page(tmp_path: Path) -> None:
    page = Page(rendered(Story(tmp_path)))
    assert "There are no runs." in page.texts
    assert page.tags.count("section") == 1


def test_permissions_by_hand_are_shown_and_are_no_markup() -> None:
    lines = ["`shop-dev-states` may also s3:GetObject on `<b>`: a reason"]
    page = Page(render_report("shop", "dev", [], metric=None, by_hand=lines))
    assert lines[0] in page.texts
    assert "b" not in page.tags[page.tags.index("main") :]


def test_retries_stand_behind_one_another_however_long_somebody_thought() -> None:
    events = [*history(0, [("A", 2.0, ""), ("B", 3.0, "Oops")]), *history(1, [("B", 4.0, "")])]
    picture = timeline(events)
    assert [(lane.state, [(bar.start, bar.end, bar.tone) for bar in lane.bars]) for lane in picture.lanes] == [
        ("A", [(0.0, 2.0, "done")]),
        ("B", [(2.0, 5.0, "failed"), (6.0, 10.0, "done")]),
    ]
    assert (picture.seconds, picture.retries) == (10.0, [6.0])


def test_an_attempt_that_was_made_good_is_told_apart() -> None:
    events = history(0, [("A", 2.0, "Throttled")])
    entered = events[-1]["previousEventId"]
    again = {"id": 99, "previousEventId": entered, "type": "TaskSucceeded", "timestamp": events[-1]["timestamp"]}
    picture = timeline([*events[:-1], {**again, "attempt": 0}, events[-1]])
    assert [(bar.tone, bar.error) for bar in picture.lanes[0].bars] == [("retried", "Throttled")]


def test_a_chart_has_round_numbers_and_keeps_within_its_frame(story: Story) -> None:
    records = [record for _, record in story.runs.all()]
    chart = metric_chart(records, [record.date for record in records], "ndcg_at_20")
    assert chart is not None
    assert [tick.label for tick in chart.rows] == ["0", "0.05", "0.1", "0.15"]
    for line in chart.lines:
        assert all(chart.left <= dot.x <= chart.right and 0 <= dot.y <= chart.bottom for dot in line.dots)
    assert metric_chart(records, [], "unknown") is None
    assert metric_chart(records, [], None) is None


def test_the_command_writes_the_page(story: Story, tmp_path: Path) -> None:
    done = run_command("report", "--state", tmp_path, "--out", tmp_path / "page.html")
    assert (done.code, done.out, done.err) == (0, f"wrote {(tmp_path / 'page.html').as_posix()}\n", "")
    assert Page((tmp_path / "page.html").read_text(encoding="utf-8")).tags.count("details") == 5
    none = run_command("report", "--state", tmp_path / "none", "--out", tmp_path / "page.html")
    assert (none.code, none.err.split("\n")[0]) == (1, "error: there are no runs yet")
    bad = run_command("report", "--state", tmp_path, "--out", tmp_path / "no" / "page.html")
    assert (bad.code, "cannot be written" in bad.err) == (1, True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on this machine")
def test_a_browser_shows_it_without_a_word_of_complaint(story: Story, tmp_path: Path) -> None:
    story.rude("2026-11-21")
    page = tmp_path / "page.html"
    page.write_text(rendered(story), encoding="utf-8")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    done = subprocess.run(
        ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    shown = Page(done.stdout)
    assert (shown.tags.count("details"), {"script", "img"} & set(shown.tags)) == (6, set())
