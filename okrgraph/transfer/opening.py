"""Gives every row of a file its draft, found by its key or new, before any row speaks of another."""

import re
from collections.abc import Iterable
from typing import Any

from okrgraph.kit.ids import new_key
from okrgraph.kit.text import is_storable
from okrgraph.transfer.cells import LIST_SEPARATOR, quoted
from okrgraph.transfer.drafts import Draft, columns_of
from okrgraph.transfer.plan import MODEL_OF_TYPE, TYPE_OF_MODEL, Plan
from okrgraph.transfer.records import FileProblem, Record, RecordType, with_article

KEY_LENGTH = 320
# Enough to catch a name or a slip in place of an address; whether one is real only a letter can tell.
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def open_rows(plan: Plan, records: Iterable[Record]) -> None:
    """Make or find the draft of each row, in the order of the file, which becomes the order of new ids."""
    line_of_key: dict[str, int] = {}
    for record in records:
        key = _checked_key(plan, record, line_of_key)
        if record.type is RecordType.LINK:
            if key is not None or "key" not in record.cells:
                plan.link_rows.append(record)
        elif record.type is not RecordType.ORGANIZATION and key is not None:
            _open(plan, record, key)


def _checked_key(plan: Plan, record: Record, line_of_key: dict[str, int]) -> str | None:
    """The key that a row is known by; None when it has none or it was refused."""
    key = record.key
    if key is not None and record.type is RecordType.PERSON:
        key = key.lower()
    reason = _refusal(plan, record, key)
    # A slug is no key of this file: the company's team may be called like the organisation.
    if reason is None and key is not None and record.type is not RecordType.ORGANIZATION:
        first = line_of_key.setdefault(key, record.line)
        if first != record.line:
            reason = f"The key {quoted(key)} stands in line {first} already; keys are unique in the file."
    if reason is not None:
        plan.problems.append(FileProblem(record.line, "key", reason))
        if key is not None:
            plan.lost_keys.add(key)
        return None
    return key


def _refusal(plan: Plan, record: Record, key: str | None) -> str | None:
    if key is None:
        return (
            None
            if record.type is RecordType.LINK
            else f"{with_article(record.type).capitalize()} needs a key."
        )
    if len(key) > KEY_LENGTH:
        return f"A key may have at most {KEY_LENGTH} characters; this has {len(key):,}."
    if LIST_SEPARATOR in key or not is_storable(key):
        return f"A key may not contain {LIST_SEPARATOR!r}, which separates keys, or what is no text."
    if record.type is RecordType.PERSON:
        return None if _ADDRESS.fullmatch(key) else f"{quoted(key)} is not an e-mail address."
    known = plan.by_key.get(key)
    if known is None or known.record is not None or record.type is RecordType.ORGANIZATION:
        return None
    kind = TYPE_OF_MODEL[type(known.entity)]
    return (
        None
        if kind is record.type
        else f"An earlier import gave this key to {with_article(kind)}; choose another."
    )


def _open(plan: Plan, record: Record, key: str) -> None:
    is_person = record.type is RecordType.PERSON
    draft: Draft[Any] | None = plan.by_email.get(key) if is_person else plan.by_key.get(key)
    if draft is None:
        draft = _new_draft(plan, record.type)
        if is_person:
            draft.entity.email = key
            plan.by_email[key] = draft
        else:
            plan.by_key[key] = draft
            plan.new_keys.append((record.type, key, draft.entity.id))
    draft.record = record
    plan.rows.setdefault(record.type, []).append(draft)


def _new_draft(plan: Plan, kind: RecordType) -> Draft[Any]:
    model = MODEL_OF_TYPE[kind]
    moments = {"created_at": plan.at, "updated_at": plan.at}
    known = {column: moment for column, moment in moments.items() if column in columns_of(model)}
    draft: Draft[Any] = Draft(model(id=new_key(), organization_id=plan.organization_id, **known))
    plan.shelf(model)[draft.entity.id] = draft
    return draft
