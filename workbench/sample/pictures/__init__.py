"""What the talk of the sample shows: drawn, lit and photographed here."""
