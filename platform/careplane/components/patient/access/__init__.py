"""Who may open which record: restrictions, care teams and emergencies."""
