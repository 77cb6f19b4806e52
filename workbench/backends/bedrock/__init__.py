"""Amazon Bedrock: Nova asked at once, as a stream, and in batches."""
