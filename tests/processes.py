"""Other processes of a test, which begin what is to collide only when all of them are ready."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# What a program calls before the part that is to run at the same time as the others'.
WAIT = "print('ready', flush=True); input()"
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    returncode: int
    output: str


async def run_together(program: str, *copies: Sequence[str]) -> list[Ended]:
    """Run a Python program that executes WAIT once, in a process for each sequence of arguments.

    The output is stdout and stderr after WAIT.
    """
    # The warnings of a child are errors as they are here.
    command = (sys.executable, "-W", "error", "-c", program)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        await asyncio.create_subprocess_exec(
            *command, *arguments, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        for arguments in copies
    ]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            before = await asyncio.gather(*(process.stdout.readline() for process in started))
            outputs = await asyncio.gather(*(process.communicate(b"\n") for process in started))
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return [
        Ended(process.returncode, (b"" if line == b"ready\n" else line).decode() + output.decode())
        for process, line, (output, _) in zip(started, before, outputs, strict=True)
    ]
