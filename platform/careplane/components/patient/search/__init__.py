"""Patient search: names in any order, script, case and accent, by prefix, with one slip a word; and listings."""
