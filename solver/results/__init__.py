"""What a run leaves behind: folder, tables, fields, checkpoint, summary."""
