"""Commands: the undoable verbs. Each is a frozen value whose `apply` makes a new document, and changes nothing else."""
