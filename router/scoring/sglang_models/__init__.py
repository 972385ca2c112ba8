"""Classes for SGLang itself: SGLANG_EXTERNAL_MODEL_PACKAGE=compute_router.scoring.sglang_models loads them.

qwen2.py   the two classes that serve converted PRMs, in versions of SGLang that cannot load their weights
"""
