"""The Explain page, part by part."""
