"""How many things the reference data has, where each stands, what it is called; nothing of the file format.

Everything about a thing follows from its number, so any row can refer to any other without a list of them.
"""

import hashlib
import unicodedata
from dataclasses import dataclass

from benchmarks.reference_words import (
    AREAS,
    COMPANY_OBJECTIVES,
    FIRST_NAMES,
    LAST_NAMES,
    PLACES,
    TEAM_OUTCOMES,
    THINGS,
    VERBS,
)

SEED = "okrgraph reference data 1"
COMPANY_KEY = "company"
# At scale 1.
TEAMS = 60
PEOPLE = 1_000
COMMENTS = 6_000

COMPANY_KEY_RESULTS = 4 * len(COMPANY_OBJECTIVES)
TEAM_OBJECTIVES = 3
TEAM_KEY_RESULTS = 3 * TEAM_OBJECTIVES
PERSON_OBJECTIVES = 2
# The first objective of a person has two key results, the second three.
PERSON_FIRST_KEY_RESULTS = 2
PERSON_KEY_RESULTS = 5
# The leads of the first teams sit in the company team as well, one for each of its objectives.
COMPANY_MEMBERS = len(COMPANY_OBJECTIVES)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many things there are at a scale."""

    teams: int
    people: int
    objectives: int
    key_results: int
    comments: int

    @classmethod
    def at(cls, scale: int) -> "Sizes":
        """Count the things of a scale, a whole number from 1."""
        teams, people = TEAMS * scale, PEOPLE * scale
        return cls(
            teams=teams,
            people=people,
            objectives=len(COMPANY_OBJECTIVES) + TEAM_OBJECTIVES * teams + PERSON_OBJECTIVES * people,
            key_results=COMPANY_KEY_RESULTS + TEAM_KEY_RESULTS * teams + PERSON_KEY_RESULTS * people,
            comments=COMMENTS * scale,
        )


@dataclass(frozen=True, slots=True)
class ObjectivePlace:
    """Where an objective stands; holder is the number of its team or person, turn counts the holder's own."""

    level: str
    holder: int
    turn: int
    first_key_result: int

    @property
    def team(self) -> int | None:
        """Number of the owning team; None is the company."""
        if self.level == "COMPANY":
            return None
        return self.holder if self.level == "TEAM" else team_of(self.holder)


def draw(salt: str, number: int, bound: int) -> int:
    """Pick a number below bound, the same on every machine and Python version."""
    digest = hashlib.blake2b(f"{SEED}/{salt}/{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % bound


def team_of(person: int) -> int:
    """Give the team that a person works in; people are numbered team by team, 16 or 17 each."""
    return person * TEAMS // PEOPLE


def lead_of(team: int) -> int:
    """Give the first person of a team, who leads it."""
    return -(-team * PEOPLE // TEAMS)


def member_of(team: int, turn: int) -> int:
    """Give a person of a team, its lead at turn 0, starting over after the last."""
    return lead_of(team) + turn % team_size(team)


def team_size(team: int) -> int:
    """Count the people of a team."""
    return lead_of(team + 1) - lead_of(team)


def objective_place(number: int, sizes: Sizes) -> ObjectivePlace:
    """Locate an objective by its number: the company's come first, then the teams', then the people's."""
    if number < len(COMPANY_OBJECTIVES):
        return ObjectivePlace("COMPANY", 0, number, 4 * number)
    number -= len(COMPANY_OBJECTIVES)
    if number < TEAM_OBJECTIVES * sizes.teams:
        team, turn = divmod(number, TEAM_OBJECTIVES)
        return ObjectivePlace("TEAM", team, turn, COMPANY_KEY_RESULTS + 3 * number)
    person, turn = divmod(number - TEAM_OBJECTIVES * sizes.teams, PERSON_OBJECTIVES)
    before = COMPANY_KEY_RESULTS + TEAM_KEY_RESULTS * sizes.teams + PERSON_KEY_RESULTS * person
    return ObjectivePlace("INDIVIDUAL", person, turn, before + PERSON_FIRST_KEY_RESULTS * turn)


def objective_of(key_result: int, sizes: Sizes) -> int:
    """Give the number of the objective that a key result belongs to."""
    if key_result < COMPANY_KEY_RESULTS:
        return key_result // 4
    key_result -= COMPANY_KEY_RESULTS
    if key_result < TEAM_KEY_RESULTS * sizes.teams:
        return len(COMPANY_OBJECTIVES) + key_result // 3
    person, place = divmod(key_result - TEAM_KEY_RESULTS * sizes.teams, PERSON_KEY_RESULTS)
    before = len(COMPANY_OBJECTIVES) + TEAM_OBJECTIVES * sizes.teams + PERSON_OBJECTIVES * person
    return before + (place >= PERSON_FIRST_KEY_RESULTS)


def supported_key_result(place: ObjectivePlace) -> int | None:
    """Give the key result that an objective supports; the children are spread evenly over the parents."""
    if place.level == "COMPANY":
        return None
    if place.level == "TEAM":
        return (TEAM_OBJECTIVES * place.holder + place.turn) % COMPANY_KEY_RESULTS
    team = team_of(place.holder)
    turn = PERSON_OBJECTIVES * (place.holder - lead_of(team)) + place.turn
    return COMPANY_KEY_RESULTS + TEAM_KEY_RESULTS * team + turn % TEAM_KEY_RESULTS


# Keys are padded so that their alphabetical order is the order of creation.
def team_key(team: int | None) -> str:
    """Spell the key of a team; None is the company."""
    return COMPANY_KEY if team is None else f"team-{team + 1:06}"


def objective_key(number: int) -> str:
    """Spell the key of an objective."""
    return f"objective-{number + 1:08}"


def key_result_key(number: int) -> str:
    """Spell the key of a key result."""
    return f"key-result-{number + 1:08}"


def comment_key(number: int) -> str:
    """Spell the key of a comment."""
    return f"comment-{number + 1:08}"


def team_name(team: int) -> str:
    """Compose the name of a team, unique at every scale."""
    lap, area = divmod(team, len(AREAS))
    if lap == 0:
        return AREAS[area]
    again, place = divmod(lap - 1, len(PLACES))
    return f"{AREAS[area]} {PLACES[place]}" + (f" {again + 1}" if again else "")


def name_of(person: int) -> tuple[str, str]:
    """Compose first and last name, unique at scale 1."""
    # The stride shares no divisor with 50 * 60, so that every pair comes up before any comes again.
    last, first = divmod(person * 1301 % (len(FIRST_NAMES) * len(LAST_NAMES)), len(FIRST_NAMES))
    return FIRST_NAMES[first], LAST_NAMES[last]


def email_of(person: int) -> str:
    """Spell the e-mail address of a person, in ASCII and unique."""
    names = ".".join(name_of(person)).lower()
    plain = unicodedata.normalize("NFKD", names).encode("ascii", "ignore").decode()
    return f"{plain}.{person + 1:06}@example.com"


def objective_title(place: ObjectivePlace) -> str:
    """Compose a title, unique among the objectives of a team and, at scale 1, in the organisation."""
    if place.level == "COMPANY":
        return COMPANY_OBJECTIVES[place.turn].title
    if place.level == "TEAM":
        phrase = TEAM_OUTCOMES[(5 * place.holder + place.turn) % len(TEAM_OUTCOMES)]
        return phrase.format(team=team_name(place.holder))
    # The stride shares no divisor with 45 * 48, so that every pair comes up before any comes again.
    number = (PERSON_OBJECTIVES * place.holder + place.turn) * 1009
    thing, verb = divmod(number % (len(VERBS) * len(THINGS)), len(VERBS))
    return f"{VERBS[verb]} {THINGS[thing]}"
