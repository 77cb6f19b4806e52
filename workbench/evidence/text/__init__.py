"""What words say without being understood: sentences, topics, key phrases."""
