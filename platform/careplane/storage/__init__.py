"""What every store stands on: pool, migrations, group commit, journal, outbox, inbox and audit."""
