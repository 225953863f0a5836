import subprocess
import sys
from types import ModuleType

import pytest
from tortoise import fields
from tortoise.models import Model

from okrgraph.events.database import MODELS
from tests.check_migrations import main
from tests.processes import ROOT


class Afterthought(Model):
    id = fields.UUIDField(primary_key=True)

    class Meta:
        table = "afterthought"


@pytest.fixture
def models_without_migration(monkeypatch) -> str:
    """The name of a module that the ORM can import."""
    module = ModuleType("afterthoughts")
    module.Afterthought = Afterthought
    monkeypatch.setitem(sys.modules, "afterthoughts", module)
    return "afterthoughts"


def test_models_and_migrations_agree():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.check_migrations"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_model_without_migration_is_named_in_one_sentence(models_without_migration, capsys):
    assert main([*MODELS, models_without_migration]) == 1
    assert capsys.readouterr().out == (
        "The models ask for what no migration does (CreateModel Afterthought); write the migration.\n"
    )


def test_checking_writes_no_file(models_without_migration):
    before = sorted((ROOT / "okrgraph" / "migrations").glob("*.py"))
    main([*MODELS, models_without_migration])

    assert sorted((ROOT / "okrgraph" / "migrations").glob("*.py")) == before
