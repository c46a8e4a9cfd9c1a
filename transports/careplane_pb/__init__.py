"""Generated from proto/ by `make proto`: change the protos, not this."""
