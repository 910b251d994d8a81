"""Mail nobody here wrote, and how far we agree with what others read in it.

The corpus lies beside the repository and is never copied into it.  Every disagreement is explained,
one by one, in docs/corpus.md; one that is not is an error.
"""
