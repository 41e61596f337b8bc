"""JSONata as Step Functions has it."""

from typing import Any

import pytest

from pipelinegen.local.cloud.jsonata import QueryError, evaluate

STATES = {"input": {"none": None, "list": [1, 2, 3], "text": 'a"b\n', "one": [7]}, "result": None}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.none = null", True),
        ("$states.input.none", None),
        ("$states.result", None),
        ("$nothing", None),
        ("$exists($states.input.nope)", False),
        ("$states.input.list.($ * 2)", [2, 4, 6]),
        ("$states.input.list[$ > 5] ~> $count()", 0),
        ("$states.input.one", [7]),
        ("$states.input.text", 'a"b\n'),
        ("{'a': $states.input.none}", {"a": None}),
        ("6 / 2", 3),
        ("$merge([[{'MetricName': 'x', 'Value': 0.5}].{MetricName: Value}])", {"x": 0.5}),
        ("$partition([1,2,3,4], 3)", [[1, 2, 3], [4]]),
        ("$range(5, 1, -2)", [5, 3, 1]),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$parse('null')", None),
        ("$parse($string({'a': [1, null]}))", {"a": [1, None]}),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert evaluate(expression, {"states": STATES, "nothing": None}) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$states.input.nope", "The JSONata expression '$states.input.nope' returned nothing (undefined)."),
        ("function($x) { $x }", "The JSONata expression 'function($x) { $x }' returned an unsupported result type."),
        ("1 +", "The JSONata expression '1 +' threw an error during evaluation. S0207: Unexpected end of expression"),
        ("$hash('a', 'CRC')", "$hash: 'CRC' is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512"),
        ("$partition([1], 0)", "$partition: the size must be at least 1"),
        ("$range(0, 5000)", "$range: more than 1000 numbers"),
        (
            "$parse('{')",
            "$parse: the argument is not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
        ),
    ],
)
def test_faults(expression: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        evaluate(expression, {"states": STATES})
    assert str(caught.value) == message


def test_an_expression_does_not_change_its_variables() -> None:
    given = {"a": [1]}
    evaluate("$append($x.a, [2])", {"x": given})
    assert given == {"a": [1]}
