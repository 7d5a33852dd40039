"""Topic maps of scientific fields: the science and the stage store, without Prefect.

Every module can be used on its own, in a notebook for instance::

    from topicloom.settings.reading import read_settings
    from topicloom.clusters.clustering import cluster_documents

Nothing heavy (torch, umap, numba, hdbscan, scikit-learn, bertopic) is imported before the function
that needs it is called.
"""

__version__ = "0.1.0"
