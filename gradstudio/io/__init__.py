"""The `.grad` file: strict reading, limits, migrations, atomic save. No Qt."""
