"""The panels in the docks. None of them knows another."""
