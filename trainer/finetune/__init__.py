"""Fine-tuning: instruction rows and a base GGUF in, a LoRA adapter out."""
