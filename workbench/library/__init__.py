"""What is kept: assets, proxies, evidence, analyses, calls and vectors."""
