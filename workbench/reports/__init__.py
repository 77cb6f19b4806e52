"""What is handed out: tables, charts, exports and executed notebooks."""
