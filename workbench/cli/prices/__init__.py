"""Commands about money: what was spent, and what models cost."""
