"""What each row of the menus' table does to a window and its studio."""
