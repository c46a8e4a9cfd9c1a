"""The components, a folder each; they know one another by their api module only."""
