"""The generator of the reference data as an import file, and the tree that a server has to answer with.

Rows are made one by one, in constant memory at any scale. No okrgraph code is imported: what this states
about the data is independent of the product.
"""

import argparse
import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TextIO, TypeAlias

from benchmarks.reference_shape import (
    COMPANY_KEY,
    COMPANY_MEMBERS,
    ObjectivePlace,
    Sizes,
    comment_key,
    draw,
    email_of,
    key_result_key,
    lead_of,
    member_of,
    name_of,
    objective_key,
    objective_of,
    objective_place,
    objective_title,
    supported_key_result,
    team_key,
    team_name,
    team_of,
    team_size,
)
from benchmarks.reference_words import (
    COMMENT_BODIES,
    COMPANY_OBJECTIVES,
    MEASURES,
    REPLIES,
    WHY_NOWS,
    Measure,
)

SLUG = "reference"
CYCLE_KEY = "cycle-2026-q4"
CYCLE_START = date(2026, 10, 5)
CYCLE_WEEKS = 13
CYCLE_END = CYCLE_START + timedelta(weeks=CYCLE_WEEKS, days=-1)
# Comments stay inside the first weeks, so that an import in the middle of the cycle has none from the future.
COMMENT_START = datetime(2026, 10, 5, 8, tzinfo=UTC)
COMMENT_SECONDS = 28 * 24 * 3600

# One key result in sixteen has no check-in.
SILENT_EVERY = 16
# The last comment in five answers the one before it.
REPLY_EVERY = 5

CONFIDENCES = (1,) * 1 + (2,) * 3 + (3,) * 6 + (4,) * 7 + (5,) * 3
WEIGHTS = ("1",) * 6 + ("2", "0.5")
TOP_LEVEL_KINDS = (
    *("COMMENT",) * 5,
    *("QUESTION",) * 3,
    *("CONCERN", "SUGGESTION") * 2,
    "SUPPORT",
    "DECISION",
)

# The columns of the import format, then those of its optional ones that are in use.
HEADER = (
    "type,key,parent,title,team,owner,cycle,metric,unit,start,target,current,confidence,why_now,kind,state,"
    "needed_by,promised_by,description,weight,time_zone,at,reply_to,resolved_at"
)
COLUMNS = tuple(HEADER.split(","))

Row: TypeAlias = dict[str, str]
Tree: TypeAlias = dict[str, "Tree"]


def row(kind_of_row: str, key: str, **values: str) -> Row:
    """Fill a row, with every column present."""
    return {**dict.fromkeys(COLUMNS, ""), "type": kind_of_row, "key": key, **values}


def organization_rows(sizes: Sizes) -> Iterator[Row]:
    """Write the organisation, its teams, its people and the one cycle."""
    yield row("organization", SLUG, title="Lindenfield", time_zone="Europe/Berlin")
    yield row("team", COMPANY_KEY, title="Lindenfield", kind="COMPANY")
    for team in range(sizes.teams):
        yield row("team", team_key(team), title=team_name(team), parent=COMPANY_KEY, kind="TEAM")
    for person in range(sizes.people):
        yield person_row(person)
    yield row(
        "cycle",
        CYCLE_KEY,
        title="Q4 2026",
        start=CYCLE_START.isoformat(),
        target=CYCLE_END.isoformat(),
        state="ACTIVE",
        kind="QUARTER",
    )


def person_row(person: int) -> Row:
    """Write a person; the first administers and leads the company, leads report to it, the rest to leads."""
    team = team_of(person)
    teams, manager = team_key(team), email_of(lead_of(team))
    if person == lead_of(team):
        teams, manager = f"{teams}:LEAD", email_of(0)
        if team < COMPANY_MEMBERS:
            teams = f"{COMPANY_KEY};{teams}"
    if person == 0:
        teams, manager = teams.replace(COMPANY_KEY, f"{COMPANY_KEY}:LEAD", 1), ""
    kind = "ADMIN" if person == 0 else ""
    return row(
        "person", email_of(person), title=" ".join(name_of(person)), parent=manager, team=teams, kind=kind
    )


def objective_row(number: int, sizes: Sizes) -> Row:
    """Write an objective with the link to what it supports."""
    place = objective_place(number, sizes)
    supported = supported_key_result(place)
    return row(
        "objective",
        objective_key(number),
        title=objective_title(place),
        parent="" if supported is None else key_result_key(supported),
        team=team_key(place.team),
        owner=email_of(objective_owner(place)),
        cycle=CYCLE_KEY,
        why_now=why_now(place, number),
        kind=place.level,
        state="PUBLISHED",
    )


def objective_owner(place: ObjectivePlace) -> int:
    """Choose the owner: a member of the company team, a member of the team, or the person."""
    if place.level == "COMPANY":
        return lead_of(place.turn % COMPANY_MEMBERS)
    return member_of(place.holder, place.turn) if place.level == "TEAM" else place.holder


def why_now(place: ObjectivePlace, number: int) -> str:
    """Give the reason of company and team objectives; those of people have none."""
    if place.level == "COMPANY":
        return COMPANY_OBJECTIVES[place.turn].why_now
    return WHY_NOWS[draw("why now", number, len(WHY_NOWS))] if place.level == "TEAM" else ""


def key_result_row(number: int, sizes: Sizes) -> Row:
    """Write a key result, most of them with a value and a confidence."""
    objective = objective_of(number, sizes)
    place = objective_place(objective, sizes)
    measure = measure_of(number, objective, place)
    start = _between("start", number, measure.start)
    target = _between("target", number, measure.target)
    bounds = {"start": _decimal(start, measure), "target": _decimal(target, measure)}
    team = "" if place.team is None else team_name(place.team)
    silent = number % SILENT_EVERY == SILENT_EVERY - 1
    # From nothing done to a little more than asked for.
    current = max(0, start + (target - start) * (5 * draw("progress", number, 23)) // 100)
    return row(
        "key_result",
        key_result_key(number),
        parent=objective_key(objective),
        title=measure.title.format(team=team, **bounds),
        owner=email_of(key_result_owner(number, place)),
        metric=measure.kind,
        unit=measure.unit,
        weight=WEIGHTS[draw("weight", number, len(WEIGHTS))],
        current="" if silent else _decimal(current, measure),
        confidence="" if silent else str(CONFIDENCES[draw("confidence", number, len(CONFIDENCES))]),
        **({} if measure.kind == "BASELINE" else bounds),
    )


def measure_of(key_result: int, objective: int, place: ObjectivePlace) -> Measure:
    """Choose what a key result measures; the key results of one objective all differ."""
    turn = key_result - place.first_key_result
    if place.level == "COMPANY":
        return COMPANY_OBJECTIVES[place.turn].key_results[turn]
    return MEASURES[(4 * objective + turn) % len(MEASURES)]


def key_result_owner(number: int, place: ObjectivePlace) -> int:
    """Choose the owner: somebody of the team for a team's key result, the objective's owner for others."""
    if place.level == "TEAM":
        return member_of(place.holder, draw("key result owner", number, team_size(place.holder)))
    return objective_owner(place)


def _between(salt: str, number: int, bounds: tuple[int, int]) -> int:
    low, high = bounds
    return low + draw(salt, number, high - low + 1)


def _decimal(value: int, measure: Measure) -> str:
    if not measure.decimals:
        return str(value)
    whole, fraction = divmod(value, 10**measure.decimals)
    return f"{whole}.{fraction:0{measure.decimals}}".rstrip("0").rstrip(".")


def comment_row(number: int, sizes: Sizes) -> Row:
    """Write a comment by somebody of another team; replies stand directly behind what they answer."""
    is_reply = number % REPLY_EVERY == REPLY_EVERY - 1
    thread = number - 1 if is_reply else number
    parent, team = comment_subject(thread, sizes)
    kind = "COMMENT" if is_reply else TOP_LEVEL_KINDS[draw("kind", number, len(TOP_LEVEL_KINDS))]
    bodies = REPLIES if is_reply else COMMENT_BODIES[kind]
    at = COMMENT_START + timedelta(seconds=number * COMMENT_SECONDS // sizes.comments)
    is_resolved = not is_reply and kind in {"QUESTION", "CONCERN"} and draw("resolved", number, 2) == 0
    resolved_at = at + timedelta(hours=1 + draw("hours", number, 72))
    return row(
        "comment",
        comment_key(number),
        parent=parent,
        owner=email_of(comment_author(number, team, sizes)),
        title=bodies[draw("body", number, len(bodies))],
        kind=kind,
        at=_timestamp(at),
        reply_to=comment_key(thread) if is_reply else "",
        resolved_at=_timestamp(resolved_at) if is_resolved else "",
    )


def comment_subject(thread: int, sizes: Sizes) -> tuple[str, int | None]:
    """Choose the key and team of what a thread is about: objectives and key results in turn."""
    if thread % 2 == 0:
        objective = draw("subject", thread, sizes.objectives)
        return objective_key(objective), objective_place(objective, sizes).team
    key_result = draw("subject", thread, sizes.key_results)
    return key_result_key(key_result), objective_place(objective_of(key_result, sizes), sizes).team


def comment_author(number: int, subject_team: int | None, sizes: Sizes) -> int:
    """Choose somebody who is not in the team that the subject belongs to."""
    if subject_team is None:
        # Nobody but leads is in the company team.
        team = draw("author's team", number, sizes.teams)
        return member_of(team, 1 + draw("author", number, team_size(team) - 1))
    team = (subject_team + 1 + draw("author's team", number, sizes.teams - 1)) % sizes.teams
    return member_of(team, draw("author", number, team_size(team)))


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def reference_rows(scale: int = 1) -> Iterator[Row]:
    """Give the rows of the reference data one by one, each with every column of COLUMNS, text only.

    Types stand in the order of the import format, things of one type in the order of their creation.

    Raises: ValueError for a scale below 1.
    """
    if scale < 1:
        raise ValueError("scale must be a whole number from 1")
    sizes = Sizes.at(scale)
    return chain(
        organization_rows(sizes),
        (objective_row(number, sizes) for number in range(sizes.objectives)),
        (key_result_row(number, sizes) for number in range(sizes.key_results)),
        (comment_row(number, sizes) for number in range(sizes.comments)),
    )


def expected_tree(rows: Iterable[Row]) -> Tree:
    """Nest the titles of all objectives and key results as the alignment tree shows them.

    Shape: layers of objectives and of key results in turn, each a dict from title to what is below it. The
    three layers of objectives are those of the company, the teams and the people:

        {objective: {key result: {objective: {key result: {objective: {key result: {}}}}}}}

    A key result that nothing supports has {}. Roots are the objectives of kind COMPANY. A GraphQL answer
    takes the same shape through

        def nested(objectives):
            return {
                o["title"]: {k["title"]: nested(k.get("alignedObjectives", [])) for k in o["keyResults"]}
                for o in objectives
            }

    Each dict has the order of the rows, which is the order of creation. Equality of dicts overlooks order, so
    compare `json.dumps` of both sides. Reads the types objective (its column parent may name several key
    results) and key_result; holds the titles of all rows in memory.

    Raises: ValueError when two siblings share a title, or a parent is not a row of the right type.
    """
    objectives: dict[str, Row] = {}
    key_results: dict[str, Row] = {}
    for each in rows:
        if each["type"] == "objective":
            objectives[each["key"]] = each
        elif each["type"] == "key_result":
            key_results[each["key"]] = each
    below: dict[str, Tree] = {key: {} for key in chain(objectives, key_results)}
    tree: Tree = {}
    for key, each in objectives.items():
        for parent in filter(None, each["parent"].split(";")):
            _hang(below, key_results, parent, each)
        if each["kind"] == "COMPANY":
            _put(tree, each["title"], below[key])
    for each in key_results.values():
        _hang(below, objectives, each["parent"], each)
    return tree


def _hang(below: dict[str, Tree], parents: dict[str, Row], parent: str, child: Row) -> None:
    if parent not in parents:
        raise ValueError(f"{child['key']}: {parent!r} is not a parent for it")
    _put(below[parent], child["title"], below[child["key"]])


def _put(siblings: Tree, title: str, subtree: Tree) -> None:
    if title in siblings:
        raise ValueError(f"two siblings are called {title!r}")
    siblings[title] = subtree


def write_csv(rows: Iterable[Row], output: TextIO) -> None:
    """Write rows as CSV with a header line and line feeds."""
    writer = csv.DictWriter(output, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def scale_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference data to a file or to stdout; give the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference_data",
        description="Write the reference data as CSV for `okrgraph import`.",
    )
    parser.add_argument(
        "--scale", type=scale_of, default=1, metavar="N", help="N times the teams and people (default 1)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="file to write (default: stdout)")
    options = parser.parse_args(arguments)
    rows = reference_rows(options.scale)
    try:
        if options.output is not None:
            with options.output.open("w", encoding="utf-8", newline="") as output:
                write_csv(rows, output)
        else:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", newline="")
            write_csv(rows, sys.stdout)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader, head for one, has seen enough. What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"Cannot write {options.output or 'stdout'}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
