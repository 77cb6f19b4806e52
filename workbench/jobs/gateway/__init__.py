"""The gateway: one process of a data folder that makes its paid calls."""
