"""What is asked of the operating system and the interpreter: programs, signals, files, imports."""
