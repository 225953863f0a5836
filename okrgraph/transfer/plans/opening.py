"""Gives every row of a part its draft, found by its key or new, before any row speaks of another."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from okrgraph.kit.ids import new_key
from okrgraph.transfer.formats.records import FileProblem, Record, RecordType, with_article
from okrgraph.transfer.plans.drafts import Draft, columns_of
from okrgraph.transfer.plans.plan import MODEL_OF_TYPE, TYPE_OF_MODEL, Plan


def open_rows(plan: Plan, records: Iterable[Record]) -> None:
    """Make or find the draft of each row, in this order, which becomes the order of new ids."""
    for record in records:
        key = record.key
        if key is not None and record.type is RecordType.PERSON:
            key = key.lower()
        if key is None:
            plan.link_rows.append(record)
        elif (reason := _refusal(plan, record, key)) is not None:
            plan.problems.append(FileProblem(record.line, "key", reason))
            plan.lost_keys.add(key)
        elif record.type is RecordType.LINK:
            plan.link_rows.append(record)
        else:
            _open(plan, record, key)


def meet_rows(plan: Plan, records: Iterable[Record]) -> list[Record]:
    """Take rows whose things an earlier part made, for another look at them; returns those that were not made."""
    missed = []
    for record in records:
        draft = plan.by_key.get(record.key or "")
        if draft is not None and TYPE_OF_MODEL[type(draft.entity)] is record.type:
            draft.record = record
            plan.rows.setdefault(record.type, []).append(draft)
        else:
            missed.append(record)
    return missed


def _refusal(plan: Plan, record: Record, key: str) -> str | None:
    known: Draft[Any] | None = plan.by_key.get(key) or plan.by_email.get(key.lower())
    if known is None:
        return None
    kind = TYPE_OF_MODEL[type(known.entity)]
    if kind is record.type:
        return None
    return f"An earlier import gave this key to {with_article(kind)}; choose another."


def _open(plan: Plan, record: Record, key: str) -> None:
    is_person = record.type is RecordType.PERSON
    draft: Draft[Any] | None = plan.by_email.get(key) if is_person else plan.by_key.get(key)
    if draft is None:
        draft = _new_draft(plan, record)
        if is_person:
            draft.entity.email = key
            plan.by_email[key] = draft
        else:
            plan.by_key[key] = draft
            plan.new_keys.append((record.type, key, draft.entity.id))
    draft.record = record
    plan.rows.setdefault(record.type, []).append(draft)


def _new_draft(plan: Plan, record: Record) -> Draft[Any]:
    """A thing that is not there yet, made a moment after those of the lines before.

    So the order of the file is also the order of creation, which an export carries.
    """
    model = MODEL_OF_TYPE[record.type]
    made_at = plan.at + timedelta(microseconds=record.line)
    known = {column: made_at for column in ("created_at", "updated_at") if column in columns_of(model)}
    draft: Draft[Any] = Draft(model(id=new_key(), organization_id=plan.organization_id, **known))
    plan.shelf(model)[draft.entity.id] = draft
    return draft
