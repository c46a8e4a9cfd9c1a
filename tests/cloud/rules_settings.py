"""What containers are told has names that the program knows: a misspelt one would be passed over in silence."""

from collections.abc import Iterator
from typing import Final

from tests.cloud.rules_network import containers
from tests.cloud.template import View

from careplane.app.catalog import NAMES
from careplane.app.settings_source import Setting, all_settings

_OF_SCRIPTS: Final = {"DATABASE_CA", "FIRST_PASSWORD"}
"""What the template's own scripts read, which are no settings."""

_SETTINGS: Final = tuple(all_settings())


def variables_are_settings(view: View) -> Iterator[str]:
    """Each variable is a setting, a file of a secret one, an entry of a table, or read by a script of the template."""
    for task in view.of("AWS::ECS::TaskDefinition"):
        for of in containers(task):
            names = [one["Name"] for one in (*of.get("Environment", []), *of.get("Secrets", []))]
            for name in names:
                if name not in _OF_SCRIPTS and not any(_is_for(name, setting) for setting in _SETTINGS):
                    yield f"{of['Name']} of {task.name} is told {name}, which is no setting: correct its name."
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"{of['Name']} of {task.name} is told {name} twice: leave one of them out."


def _is_for(name: str, setting: Setting) -> bool:
    given = setting.given_by(name)
    return given is not None and (not given[0] or not setting.by_component or given[0] in NAMES)
