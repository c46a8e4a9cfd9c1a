"""Records on their way in and out: import and export, and the formats of both."""
