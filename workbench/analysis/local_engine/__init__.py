"""The engine that runs on this machine: it quotes and counts, and never invents."""

from workbench.analysis.local_engine.engine import LOCAL_ENGINE_VERSION, LocalEngine

__all__ = ["LOCAL_ENGINE_VERSION", "LocalEngine"]
