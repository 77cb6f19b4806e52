"""Paid calls: made once, by one holder, alone or in a batch."""
