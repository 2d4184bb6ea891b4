"""Small widgets that panels, cards and dialogs are made of."""
