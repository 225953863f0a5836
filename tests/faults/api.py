"""Queries and mutations over HTTP that go on through every fault: the next worker, after a moment, until it works."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import httpx

PATIENCE_SECONDS = 120.0
# Longer than any answer takes, shorter than the faults: a half-open connection must not hold a client for good.
ANSWER_SECONDS = 12.0


class Refused(Exception):
    """The credential no longer holds."""


class Api:
    """One person's HTTP client of several workers."""

    def __init__(self, urls: Sequence[str], token: str, rng: random.Random, first: int = 0) -> None:
        self._urls = urls
        self._turn = first
        self._rng = rng
        self.token = token
        self._clients = [
            httpx.AsyncClient(
                base_url=url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=ANSWER_SECONDS,
                trust_env=False,
            )
            for url in urls
        ]

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def once(self, document: str, variables: dict[str, Any]) -> Any:
        """The body of one answer. Raises httpx.HTTPError or ValueError when there is none, Refused at 401."""
        client = self._clients[self._turn % len(self._clients)]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await client.post("/graphql", json={"query": document, "variables": variables})
        except (httpx.HTTPError, TimeoutError) as error:
            self.move_on()
            raise httpx.TransportError(f"{type(error).__name__} {error}") from error
        if response.status_code == 401:
            raise Refused
        if response.status_code != 200:
            self.move_on()
            raise httpx.TransportError(f"status {response.status_code}")
        return response.json()

    def move_on(self) -> None:
        """Ask another worker the next time."""
        self._turn += 1

    async def run(self, document: str, **variables: Any) -> Any:
        """The data of a query, which is asked again until it comes without errors."""
        last: object = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    try:
                        body = await self.once(document, variables)
                        if "errors" not in body:
                            return body["data"]
                        last = body["errors"]
                        self.move_on()
                    except httpx.TransportError as error:
                        last = error
                    await asyncio.sleep(self._rng.uniform(0.05, 0.3))
        except TimeoutError:
            raise AssertionError(f"no answer in {PATIENCE_SECONDS:g} seconds; the last: {last}") from None
