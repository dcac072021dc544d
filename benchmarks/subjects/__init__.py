"""What is measured: each as a real process on the server's core, fed in its own way."""
