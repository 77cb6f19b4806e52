"""What proxies save, as a table and charts."""
