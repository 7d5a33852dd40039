"""One file per stage: its Prefect task, with what is cached, what is retried and what a person sees."""
