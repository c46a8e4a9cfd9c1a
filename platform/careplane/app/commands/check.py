"""`careplane config check`: say what the settings amount to, without a secret in it."""

from rich.table import Table

from careplane.app.front import check_routes
from careplane.app.settings import Settings
from careplane.app.settings_source import all_settings
from careplane.app.terminal import say, show
from careplane.components.identity.api import RoleTable


def run_check(settings: Settings) -> None:
    """Print every setting at its value; that it prints means that all of them are valid, and the route table too."""
    table = Table("setting", "value", "meaning")
    for setting in all_settings():
        section = getattr(settings, setting.section) if setting.section else settings
        value = getattr(section, setting.name)
        shown = ("set" if value else "not set") if setting.secret else str(value)
        table.add_row(setting.key, shown, setting.description)
    check_routes(settings)
    RoleTable.configured(settings.identity.roles)
    show(table)
    say("The settings and the route table are valid.")
