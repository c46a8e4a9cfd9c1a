"""Ways in which a call or an event reaches a component; a folder each, none knows another."""
