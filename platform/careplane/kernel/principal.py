"""Who is asking: a user, a service account, or a component of the platform itself."""

from careplane.kernel.contract import PUBLIC
from careplane.kernel.message import Message


class Principal(Message, frozen=True):
    """An identity and what it may do; `id` is a user's id or a name such as `component:patient`.

    `session` is the sign-in that this call belongs to, empty where nobody signed in.
    """

    id: str
    roles: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    session: str = ""

    def may(self, scope: str) -> bool:
        """Tell whether this principal may call a method of that scope."""
        return scope == PUBLIC or scope in self.scopes


ANONYMOUS = Principal(id="anonymous")


def component_principal(name: str, *scopes: str) -> Principal:
    """Make the identity under which the component `name` calls others on its own account."""
    return Principal(id=f"component:{name}", roles=("component",), scopes=frozenset(scopes))
