"""Breaks a copy of the engine in each way of the diffs beside this file: the equality test must find every one.

python -m tests.graph.engine.mutations.check
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
COPIED = ("okrgraph", "tests", "benchmarks", "schema.graphql", "pyproject.toml")
TEST = ("tests/graph/engine/test_equality.py", "-k", "sqlite", "--hypothesis-profile=unshrunk")


def is_found(diff: Path) -> bool:
    """Whether the equality test fails once the diff is applied to a copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "static"))
            else:
                shutil.copy(source, target)
        subprocess.run(["git", "apply", str(diff)], cwd=folder, check=True)
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TEST],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        # 1: a test has failed. Anything else says that the test did not run.
        if run.returncode not in (0, 1):
            raise SystemExit(f"{diff.name}: pytest ended with {run.returncode}\n{run.stdout}{run.stderr}")
        return run.returncode == 1


def main() -> None:
    missed = []
    for diff in sorted(HERE.glob("*.diff")):
        found = is_found(diff)
        print(f"{diff.stem}: {'found' if found else 'MISSED'}", flush=True)
        if not found:
            missed.append(diff.stem)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
