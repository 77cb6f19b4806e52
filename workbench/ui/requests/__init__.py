"""What is asked for on screen: its form, its plan, its price."""
