"""Work that must survive: a worker process, and the client everybody else uses."""
