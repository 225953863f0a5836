import pytest

from okrgraph.graph.transport.negotiation import EVENT_STREAM, JSON, RESPONSE_JSON, acceptable, is_json


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ([], RESPONSE_JSON),
        (["  "], RESPONSE_JSON),
        (["*/*"], JSON),
        (["application/*"], JSON),
        (["application/json"], JSON),
        (["APPLICATION/JSON"], JSON),
        (["application/json; charset=utf-8"], JSON),
        (['application/json; charset="UTF-8"'], JSON),
        (["application/graphql-response+json; charset=utf-8, application/json"], RESPONSE_JSON),
        (["application/json, application/graphql-response+json"], JSON),
        (["application/json;q=0.5, application/graphql-response+json"], RESPONSE_JSON),
        (["text/html", "application/json"], JSON),
        (["text/event-stream"], EVENT_STREAM),
        (["text/event-stream, */*;q=0.1"], EVENT_STREAM),
        (["application/json, text/event-stream;q=0.5"], JSON),
        (["text/html, */*;q=0.8"], JSON),
        (["application/json;q=0, application/graphql-response+json;q=0.1"], RESPONSE_JSON),
        (["text/html"], None),
        (["text/*"], None),
        (["application/json; charset=utf-16"], None),
        (["application/json;q=0"], None),
        (["application/json;q=0, */*"], None),
        (["application/json;q=2"], None),
        (["application/json;q=nan"], None),
        (["application/json;q=x"], None),
        (["application/jsonx"], None),
        ([","], None),
    ],
    ids=str,
)
def test_the_best_media_type_that_is_offered_is_chosen(accept: list[str], chosen: str | None) -> None:
    assert acceptable(accept) == chosen


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON ; Charset=UTF-8", True),
        (None, False),
        ("", False),
        ("application/json, text/plain", False),
        ("application/json; charset=latin-1", False),
        ("application/json; x=y", False),
        ("application/graphql-response+json", False),
        ("text/json", False),
    ],
)
def test_only_json_in_utf8_is_json(content_type: str | None, *, expected: bool) -> None:
    assert is_json(content_type) is expected
