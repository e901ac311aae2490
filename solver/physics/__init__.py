"""Equations of the device as lists of UFL residual terms, one file a field; no engine and no protocol in here."""
