"""The rules of our own for the template: each is a pure function of a view, and says in sentences what breaks it."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.cloud import (
    rules_catalogue,
    rules_data,
    rules_network,
    rules_rights,
    rules_room,
    rules_running,
    rules_secrets,
    rules_settings,
)
from tests.cloud.template import View

Rule = Callable[[View], Iterator[str]]

RULES: Final[dict[str, Rule]] = {
    rule.__name__: rule
    for rule in (
        rules_network.no_open_ingress_into_components,
        rules_network.only_the_balancer_is_public,
        rules_network.who_calls_is_let_in_and_nobody_else,
        rules_network.data_is_reached_by_its_users_only,
        rules_catalogue.each_component_is_a_process,
        rules_catalogue.calls_are_those_of_the_catalogue,
        rules_catalogue.data_is_for_those_of_the_catalogue,
        rules_data.brokers_fit_zones,
        rules_data.encryption_is_on,
        rules_data.traffic_is_encrypted,
        rules_data.what_is_kept_outlives_the_stack,
        rules_data.logs_are_kept_for_a_time,
        rules_secrets.no_secret_in_environment,
        rules_secrets.secrets_are_made_and_hidden,
        rules_settings.variables_are_settings,
        rules_rights.rights_are_narrow,
        rules_rights.roles_are_given_to_ours_only,
        rules_rights.each_process_opens_its_own,
        rules_running.containers_are_confined,
        rules_running.rollouts_can_go_back,
        rules_running.the_balancer_and_the_gateway_agree,
        rules_running.alarms_tell_somebody,
        rules_room.every_zone_has_its_share,
        rules_room.the_database_has_room,
    )
}


def broken(view: View) -> list[str]:
    """Return what all rules say of a view."""
    return [f"{name}: {sentence}" for name, rule in RULES.items() for sentence in rule(view)]
