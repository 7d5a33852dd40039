"""Topics that keep their identity from run to run: matching, lasting ids, the history of a project, differences."""
