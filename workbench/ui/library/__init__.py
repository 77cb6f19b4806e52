"""Files on screen: brought in, listed, made small."""
