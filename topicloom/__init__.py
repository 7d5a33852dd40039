"""Topic maps of scientific fields: the science and the stage store, without Prefect.

Every module can be used on its own, in a notebook for instance::

    from topicloom.settings.clusters import HdbscanSettings
    from topicloom.clusters.clustering import cluster_by_hdbscan

docs/from-a-notebook.md goes from embeddings to the words of topics. The rooms of the science import numpy, scipy and
pandas; umap, numba, hdbscan, torch and bertopic are imported by the functions that need them.
"""

__version__ = "0.1.0"
