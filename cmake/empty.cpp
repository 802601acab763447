// No code: a target that only makes a precompiled header must still have a source file.
