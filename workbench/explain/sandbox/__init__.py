"""Run Python that nobody has read, without giving it anything: files, network, keys or time."""
