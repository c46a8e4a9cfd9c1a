"""Careplane: a patient-management platform of asyncio actors behind typed interfaces."""

from importlib.metadata import version

__version__ = version("careplane")
