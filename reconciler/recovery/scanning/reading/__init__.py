"""Reading files at a pace: tasks, those who read them, and what they bring back."""
