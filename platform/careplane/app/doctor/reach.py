"""What can be looked at from here: a component's own login shows that component, and nothing of the others."""

from dataclasses import replace

from careplane.app.catalog import NAMES
from careplane.app.databases import by_database
from careplane.app.doctor.case import Case
from careplane.kernel.errors import PlatformError
from careplane.storage.database import role_of
from careplane.storage.inspection import see_session_user


async def narrowed(case: Case) -> Case:
    """Return the case without the components whose database would be asked under the login of another one."""
    hidden: set[str] = set()
    for url, names in by_database(case.owners):
        try:
            user = await see_session_user(url)
        except PlatformError:
            continue  # the database's own line says that it does not answer
        if user in map(role_of, NAMES):
            hidden |= {name for name in names if role_of(name) != user}
    if not hidden:
        return case
    return replace(
        case,
        owners={name: url for name, url in case.owners.items() if name not in hidden},
        logins={name: url for name, url in case.logins.items() if name not in hidden},
        elsewhere=case.elsewhere | hidden,
    )
