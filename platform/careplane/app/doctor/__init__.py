"""`careplane doctor`: looks at everything that Careplane stands on, changes nothing, and says what to do."""
