"""What services beside models are asked: to detect, to hear, to speak."""
