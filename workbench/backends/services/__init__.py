"""AWS services beside Bedrock: Polly, Rekognition, Transcribe."""
