"""The edge of the platform: HTTP in, calls to components out."""
