"""The program around the platform: its settings, its wiring and its command line."""
