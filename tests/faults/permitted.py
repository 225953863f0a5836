"""What a subscriber must and may get of a log entry; written from the contract, without the product's code."""

from dataclasses import dataclass

from tests.faults.history import Follow, Logged, Seen, Sight

BULK = "Bulk"
ACCESS = "AccessChanged"
REMOVED = "EntityRemoved"
# Kind of the log's entry -> kind of the filter. The type in the feed bears the name of the entry's kind.
FILTER_KINDS = {
    "ObjectiveChanged": "OBJECTIVE",
    "KeyResultChanged": "KEY_RESULT",
    "CheckInPublished": "CHECK_IN",
    "ConfidenceChanged": "CONFIDENCE",
    "AlignmentLinkChanged": "ALIGNMENT_LINK",
    "CommentChanged": "COMMENT",
    "CycleChanged": "CYCLE",
    "TeamChanged": "TEAM",
    "PersonChanged": "PERSON",
    ACCESS: "ACCESS",
}
NEVER_CONFLATED = ("Comment", "CheckIn")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry as a subscriber may get it. forms: names of the members; is_due: it must come in one of them.

    end: the position of the end of its transaction, which its cursor names.
    """

    entry: Logged
    end: int
    forms: frozenset[str]
    is_due: bool

    @property
    def thing(self) -> tuple[str, str]:
        return self.entry.entity_type, self.entry.entity

    def is_shown_by(self, seen: Seen) -> bool:
        """Whether a member of a batch is this entry."""
        entry = self.entry
        if seen.typename not in self.forms:
            return False
        if seen.typename == "Resync":
            return seen.reason == "BULK_CHANGE"
        if seen.entity != entry.entity or seen.mutation_id != entry.mutation_id:
            return False
        if seen.typename == REMOVED:
            return True
        if seen.typename == ACCESS:
            return f"{ACCESS}{'+' if seen.granted else '-'}" in self.forms
        return seen.version == entry.version and (entry.content is None or seen.content == entry.content)


def takes(follow: Follow, entry: Logged) -> bool:
    """Whether a filter lets an entry pass. A bulk change passes every filter."""
    if entry.kind == BULK:
        return True
    if follow.kinds is not None and FILTER_KINDS.get(entry.kind) not in follow.kinds:
        return False
    if follow.under is not None and follow.under not in entry.path:
        return False
    key = entry.entity.partition("_")[2]
    if follow.team is not None and follow.team not in entry.teams and follow.team != key:
        return False
    if follow.entities is not None and entry.entity not in follow.entities:
        return False
    return follow.not_by is None or entry.actor != follow.not_by


def form_of(entry: Logged, scopes: frozenset[str]) -> str | None:
    """What an entry is for somebody with these scopes: the member's name, None for nothing.

    `AccessChanged+` is sight gained, `AccessChanged-` sight lost.
    """
    if entry.kind == BULK:
        return "Resync"
    sees = not entry.acl.isdisjoint(scopes)
    saw = not (entry.acl if entry.acl_before is None else entry.acl_before).isdisjoint(scopes)
    if entry.kind == ACCESS:
        return None if sees == saw else f"{ACCESS}{'+' if sees else '-'}"
    if sees:
        return entry.kind
    return REMOVED if saw else None


def scopes_at(sight: Sight, position: int) -> list[frozenset[str]]:
    """The scopes under which an entry may be judged: those in force at it and all later ones, never older ones."""
    place = max(
        (number for number, (after, _) in enumerate(sight.periods) if after < position),
        default=0,
    )
    return [scopes for _, scopes in sight.periods[place:]]


def wanted(entry: Logged, end: int, sight: Sight, follow: Follow) -> Wanted | None:
    """What of an entry a subscriber may get; None when nothing."""
    if not takes(follow, entry):
        return None
    shown = [form_of(entry, scopes) for scopes in scopes_at(sight, entry.position)]
    forms = frozenset(form for form in shown if form is not None)
    if not forms:
        return None
    is_due = None not in shown and len(forms) == 1
    # The member itself bears no sign: the sign says which way it must go.
    if any(form.startswith(ACCESS) for form in forms):
        forms |= {ACCESS}
    return Wanted(entry, end, forms, is_due)
