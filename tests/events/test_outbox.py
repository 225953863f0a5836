from uuid import UUID

from okrgraph.events import outbox
from okrgraph.events.broker import Announcement
from okrgraph.events.outbox import Outbox

ONE, OTHER = UUID(int=1), UUID(int=2)


def whole(organization_id: UUID, head: int, size: int = 3) -> Announcement:
    return Announcement(organization_id, head, b"x" * size)


def test_what_is_put_is_taken_in_its_order():
    box = Outbox()
    announcements = [whole(ONE, 1), Announcement(OTHER, 4, None), whole(ONE, 2)]
    assert [box.put(each) for each in announcements] == [0, 0, 0]
    assert len(box) == 3
    assert box.take(2) == [(announcements[0], True), (announcements[1], True)]
    assert box.take(2) == [(announcements[2], True)]
    assert (box.take(2), len(box)) == ([], 0)


def test_one_too_many_leaves_the_highest_head_of_each_organization():
    box = Outbox()
    for head in range(1, outbox.MOST + 1):
        assert box.put(whole(ONE if head % 2 else OTHER, head)) == 0
    assert box.put(whole(ONE, outbox.MOST + 1)) == outbox.MOST + 1
    assert sorted(box.take(10), key=lambda taken: taken[0].organization_id) == [
        (Announcement(ONE, outbox.MOST + 1, None), False),
        (Announcement(OTHER, outbox.MOST, None), False),
    ]


def test_too_many_bytes_are_too_many():
    box = Outbox()
    half = outbox.MOST_BYTES // 2
    assert [box.put(whole(ONE, head, half)) for head in (1, 2)] == [0, 0]
    assert box.put(whole(ONE, 3, 1)) == 3
    assert box.take(10) == [(Announcement(ONE, 3, None), False)]
    assert [box.put(whole(ONE, head, half)) for head in (4, 5)] == [0, 0], "what was taken counts no more"
    box.take(1)
    assert box.put(whole(ONE, 6, half)) == 0


def test_a_head_never_goes_back():
    box = Outbox()
    for head in (5, 9, 7):
        box.put_head(whole(ONE, head))
    assert box.take(10) == [(Announcement(ONE, 9, None), False)]


def test_heads_are_bounded_and_those_that_are_known_still_rise():
    box = Outbox()
    for number in range(1, outbox.MOST_HEADS + 100):
        box.put_head(whole(UUID(int=number), 1))
    assert len(box) == outbox.MOST_HEADS
    box.put_head(whole(ONE, 8))
    assert (Announcement(ONE, 8, None), False) in box.take(outbox.MOST_HEADS)
