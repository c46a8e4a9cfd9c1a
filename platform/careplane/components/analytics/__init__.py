"""Analytics: counts of patients, kept from the registry's events and from nothing else."""
