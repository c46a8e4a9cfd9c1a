"""The platforms that config/kubernetes describes, rendered once for the tests of a folder."""

import pytest
from tests.kubernetes.platforms import PLACES, Platform, rendered_platforms
from tests.kubernetes.renderer import BUILD_SECONDS, CannotRenderError


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give those that want a renderer the time to build one, which happens once on a machine that has none."""
    for item in items:
        if isinstance(item, pytest.Function) and "platforms" in item.fixturenames:
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS + 60.0))


@pytest.fixture(scope="session")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, ...]:
    """Give both places; where nothing can render them, skip and say why."""
    try:
        return rendered_platforms(tmp_path_factory.mktemp("platforms"))
    except CannotRenderError as error:
        pytest.skip(str(error))


@pytest.fixture(params=PLACES)
def platform(request: pytest.FixtureRequest, platforms: tuple[Platform, ...]) -> Platform:
    """Give each place in turn."""
    (found,) = (it for it in platforms if it.name == request.param)
    return found
