"""One organisation in a run: its writers, its subscribers on every transport, and the history of both."""

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from okrgraph.kit.ids import read_global_id
from tests.databases import GivenDatabase
from tests.faults import documents
from tests.faults.api import Api
from tests.faults.history import Follow, History, Log, Logged, Place, Subscriber
from tests.faults.logs import head_and_floor, read_log
from tests.faults.machines import until
from tests.faults.model import Model
from tests.faults.node_clients import NodeClients
from tests.faults.subscribers import Follower, LiveClient, PollClient, SocketClient, StreamClient, place_of
from tests.faults.world import World
from tests.faults.writers import Intent, Writer

# Checkpoints of a filtered feed come at most 15 s apart.
CHECKPOINT_PATIENCE = 45.0


def _hex(public_id: str) -> str:
    found = read_global_id(public_id)
    assert found is not None
    return found[1].hex


class Party:
    """Everybody of one organisation. Full subscribers keep a model that is compared in the end."""

    def __init__(
        self, world: World, database: GivenDatabase, urls: Sequence[str], rng: random.Random, patience: float
    ) -> None:
        self.world = world
        self.database = database
        self.urls = urls
        self.rng = rng
        self.history = History(patience=patience, canaries=world.canaries)
        self.history.sights = {name: world.sight_of(name) for name in world.people}
        self.followers: dict[str, Follower] = {}
        self.node: NodeClients | None = None
        self.node_clients: list[LiveClient] = []
        self.writers: list[Writer] = []
        # Clients that are not waited for: asleep, stalled or doomed.
        self.excused: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._apis: list[Api] = []
        self._kept: dict[int, Logged] = {}
        self._floors: list[tuple[float, int]] = []
        # Rises when the epoch has changed.
        self.generation = 0
        self.marker = self._writer("Max", "Company")
        self.marker_api = self.api("Max")
        self.secret_writer = self._writer("Cy", "Secret")

    @property
    def organization_id(self) -> Any:
        return self.world.organization.id

    @property
    def clients(self) -> list[LiveClient]:
        return [*self.followers.values(), *self.node_clients]

    def api(self, person: str, urls: Sequence[str] | None = None, token: str | None = None) -> Api:
        urls = urls or self.urls
        first = self.rng.randrange(len(urls))
        made = Api(urls, token or self.world.people[person].token, random.Random(self.rng.random()), first)
        self._apis.append(made)
        return made

    def _writer(self, person: str, team: str, urls: Sequence[str] | None = None) -> Writer:
        api = self.api(person, urls)
        return Writer(self.world, (person, team), api, self.history, random.Random(self.rng.random()))

    def writer_at(self, url: str) -> Writer:
        """Somebody who talks to one worker only."""
        return self._writer("Max", "Company", [url])

    def add(
        self,
        kind: type[Follower],
        name: str,
        person: str,
        *,
        document: str = documents.CHANGES,
        variables: dict[str, Any] | None = None,
        follow: Follow | None = None,
        token: str | None = None,
    ) -> Follower:
        """A follower; without a filter it holds a model."""
        transports = {SocketClient: "websocket", StreamClient: "sse", PollClient: "poll"}
        record = Subscriber(name, transports[kind], person, follow or Follow())
        self.history.subscribers.append(record)
        # A worker that is polled reads the heads for it. At one of them only, so that others must by themselves.
        urls = self.urls[:1] if kind is PollClient else self.urls
        client = kind(
            record,
            self.api(person, urls, token),
            documents.SINCE if kind is PollClient else document,
            self.urls,
            random.Random(self.rng.random()),
            variables=variables,
            model=Model() if follow is None else None,
        )
        self.followers[name] = client
        return client

    def add_node(self, folder: Path, people: Sequence[str]) -> None:
        """Real graphql-ws clients, one for each of these people, in one process."""
        for person in people:
            record = Subscriber(f"node {person}", "graphql-ws", person)
            self.history.subscribers.append(record)
            client = LiveClient(record, self.api(person), documents.CHANGES, model=Model())
            self.node_clients.append(client)
        self.node = NodeClients(folder, self.urls, self.node_clients)

    def add_for_each(self, kind: type[Follower], name: str, person: str) -> None:
        """A full subscriber whose document is executed for it alone."""
        self.add(kind, name, person, document=documents.CHANGES_FOR_EACH)

    def add_filtered(self) -> None:
        """A subscriber with each kind of filter, and one for each convenience field."""
        world = self.world
        goal, objective = world.company_key_results[0], world.objectives["Growth"][0]
        team = world.teams["Growth"].id
        gus = world.people["Gus"].key
        kinds = {"kinds": ["COMMENT", "CHECK_IN"]}
        self._filtered("kinds", "Eve", kinds, Follow(kinds=frozenset({"COMMENT", "CHECK_IN"})), PollClient)
        self._filtered("kinds live", "Dan", kinds, Follow(kinds=frozenset({"COMMENT", "CHECK_IN"})))
        self._filtered("subtree", "Bo", {"underRootId": goal}, Follow(under=_hex(goal)))
        self._filtered("team", "Eve", {"teamId": f"team_{team.hex}"}, Follow(team=team.hex))
        entities = [objective, goal]
        self._filtered("entities", "Cy", {"entityIds": entities}, Follow(entities=frozenset(entities)))
        self._filtered("others", "Gus", {"excludeOwn": True}, Follow(not_by=gus), StreamClient)
        for name, document, below, kind in (
            ("comments", documents.COMMENT_CHANGES, objective, "COMMENT"),
            ("confidence", documents.CONFIDENCE_CHANGES, goal, "CONFIDENCE"),
        ):
            self.add(
                SocketClient,
                f"{name} below",
                "Eve",
                document=document,
                variables={"id": below},
                follow=Follow(kinds=frozenset({kind}), under=_hex(below)),
            )

    def _filtered(
        self,
        name: str,
        person: str,
        given: dict[str, Any],
        follow: Follow,
        kind: type[Follower] = SocketClient,
    ) -> None:
        self.add(kind, f"{name} of {person}", person, variables={"filter": given}, follow=follow)

    def add_writers(self, *people: tuple[str, str]) -> None:
        self.writers += [self._writer(person, team) for person, team in people]

    def start(self, pause: float) -> None:
        """Start everybody; writers first, so that snapshots race with them."""
        for number, writer in enumerate(self.writers):
            self._tasks[f"writer {number}"] = asyncio.create_task(writer.write(pause))
        for name in self.followers:
            self.wake(name)
        if self.node is not None:
            self._tasks["node"] = asyncio.create_task(self.node.follow())

    def wake(self, name: str) -> None:
        """Let a client follow, from its stored cursor if it has one."""
        self._tasks[name] = asyncio.create_task(self.followers[name].follow())
        self.excused.discard(name)

    async def sleep(self, name: str) -> None:
        """Have a client go away; it keeps its cursor and its model."""
        self.excused.add(name)
        await _stopped(self._tasks.pop(name))

    async def everybody_is_live(self) -> None:
        await until(
            lambda: all(client.record.runs and client.cursor for client in self.clients), "all clients"
        )
        await self.steady("at the start")

    def fall_behind(self) -> list[str]:
        """What of the tasks has failed; a client that ends by itself has done so because it is doomed."""
        return [
            f"{name}: {task.exception()!r}"
            for name, task in self._tasks.items()
            if task.done() and not task.cancelled() and task.exception() is not None
        ]

    async def steady(self, what: str, writer: Writer | None = None) -> float | None:
        """Write something and wait until every live full client has it: seconds, or None after the patience."""
        writer = writer or self.marker
        begun = time.monotonic()
        ends = begun + self.history.patience
        while True:
            # Another epoch in between says nothing of the positions of this one.
            generation = self.generation
            given = {"subjectId": self.world.objectives["Growth"][0], "body": f"After {what}"}
            payload = await writer.send(Intent("commentCreate", given))
            assert payload is not None, "whoever marks the time may comment"
            place = place_of(payload["cursor"])
            while not self._are_at(place) and self.generation == generation:
                if time.monotonic() > ends:
                    return None
                await asyncio.sleep(0.02)
            if self.generation == generation:
                return time.monotonic() - begun

    def _are_at(self, place: Place) -> bool:
        """Whether every live full client has come so far."""
        self.require_sound()
        for client in self.clients:
            if client.model is None or client.record.name in self.excused:
                continue
            epoch, position = client.place or ("", 0)
            if epoch != place[0] or position < place[1]:
                return False
        return True

    def have_ended(self, names: Sequence[str]) -> bool:
        """Whether these clients have given up by themselves."""
        return all(self._tasks[name].done() for name in names)

    def require_sound(self) -> None:
        failed = self.fall_behind()
        assert not failed, f"clients of {self.world.slug} failed: {failed}"

    async def quiet(self) -> None:
        """Have the writers pause when what they sent is answered."""
        for writer in self.writers:
            writer.is_writing.clear()
        await asyncio.gather(*(writer.is_idle.wait() for writer in self.writers))

    def go_on(self) -> None:
        for writer in self.writers:
            writer.is_writing.set()

    async def keep_log(self) -> int:
        """Read what retention is about to take, for the checker; returns the head."""
        log = await read_log(self.database, self.organization_id)
        self._kept |= {entry.position: entry for entry in log.entries}
        return log.head

    def note_floor(self, floor: int) -> None:
        self._floors.append((time.time(), floor))

    def end_history(self) -> None:
        """The log is about to be replaced by another one: keep this one under the epochs it had."""
        log = self._whole(max(self._kept, default=0))
        log.ended = time.time()
        for epoch in self._seen_epochs() - set(self.history.logs):
            self.history.logs[epoch] = log
        self._kept, self._floors = {}, []

    def _whole(self, head: int) -> Log:
        entries = [entry for position, entry in sorted(self._kept.items()) if position <= head]
        return Log(entries, head, 0, list(self._floors))

    def _seen_epochs(self) -> set[str]:
        frames = (frame for each in self.history.subscribers for run in each.runs for frame in run.frames)
        answers = (each.place for operation in self.history.operations for each in operation.attempts)
        return {frame.epoch for frame in frames} | {place[0] for place in answers if place is not None}

    async def finish(self) -> History:
        """Let everybody come to the end, compare the models with fresh queries, stop, and read the log."""
        await self.quiet()
        payload = None
        while payload is None:
            payload = await self.marker.send(
                Intent("commentCreate", {"subjectId": self.world.objectives["Company"][0], "body": "The end"})
            )
        end = place_of(payload["cursor"])
        live = [client for client in self.clients if client.record.name not in self.excused]

        def are_at_the_end() -> bool:
            self.require_sound()
            return all(client.place == end for client in live)

        try:
            await until(are_at_the_end, "everybody to reach the end", CHECKPOINT_PATIENCE)
        except AssertionError:
            self.require_sound()  # Otherwise the checker says who is behind.
        await self._compare()
        head, floor = await head_and_floor(self.database, self.organization_id)
        await self.stop()
        await self.keep_log()
        final = self._whole(head)
        self.history.last_epoch = end[0]
        for epoch in self._seen_epochs() - set(self.history.logs):
            self.history.logs[epoch] = final
        rows = await read_log(self.database, self.organization_id)
        final.kept = len(rows.entries), floor
        return self.history

    async def _compare(self) -> None:
        fresh: dict[str, dict[str, Any]] = {}
        for client in self.clients:
            if client.model is None or client.record.is_doomed:
                continue
            viewer = client.record.viewer
            if viewer not in fresh:
                model = Model()
                await model.refetch(client.api)
                fresh[viewer] = model.plain()
            client.record.model = client.model.plain()
            client.record.fresh = fresh[viewer]

    async def stop(self) -> None:
        """Stop every task and close every connection."""
        for task in self._tasks.values():
            await _stopped(task)
        self._tasks.clear()
        for api in self._apis:
            await api.close()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
