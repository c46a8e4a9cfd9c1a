"""The record: a FHIR document, the simple view of it, and what makes either valid."""
