"""Running a mutation that must be refused, and the errors that many of them share."""

from typing import Any

from tests.graph.stage import Stage, UserErrors
from tests.refusals import everything_stored


async def refuse(
    stage: Stage,
    name: str,
    expected: UserErrors,
    shown: dict[str, str | None],
    viewer: Any = None,
    **variables: Any,
) -> None:
    """Run a mutation that must be refused with these errors. shown: ids of what the payload holds beside them."""
    before = await everything_stored()
    payload = await stage.mutate(name, viewer, **variables)
    assert payload.errors == expected, (name, variables)
    assert payload.cursor is None, (name, variables)
    found = {key: each and each["id"] for key, each in payload.values.items() if key != "__typename"}
    assert found == shown, (name, variables)
    assert await everything_stored() == before, (name, variables)


def blank(field: str, what: str) -> UserErrors:
    return [("INVALID", ["input", field], f"{what} must not be empty.")]


def too_long(field: str, what: str, most: int) -> UserErrors:
    return [
        ("INVALID", ["input", field], f"{what} may have at most {most:,} characters; this has {most + 1:,}.")
    ]


def no_text(field: str, what: str) -> UserErrors:
    message = f"{what} contains a character that is no text (NUL or half a surrogate pair)."
    return [("INVALID", ["input", field], message)]


def missing(what: str, *field: str) -> UserErrors:
    return [("NOT_FOUND", list(field), f"There is no {what} with this id.")]
