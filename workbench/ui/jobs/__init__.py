"""Jobs on screen: the board, a card, a log, and who does the work."""
