"""PRM families: how each lays out problem and steps as token ids, and how a score is read from it.

base.py                  what a family is
build.py                 ids in the making, positions counted as they come
math_shepherd.py         "ки" after each step, '+' against '-'
rlhflow.py               a chat in which the assistant says '+' or '-' of each step
skywork.py               a newline after each step, a value head
qwen_math.py             <extra_0> after each step, a head of two labels
token_classification.py  any separator after each step, a token classifier
"""
