"""What was spent and what things would cost, as tables and charts."""
