"""Words put into the forms that people read: Markdown, and pages made from templates."""
