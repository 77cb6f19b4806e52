"""What a workspace does about analyses: asks, gathers, compares."""
