"""The patient registry: one FHIR R4 record per patient, with a simple view over it."""
