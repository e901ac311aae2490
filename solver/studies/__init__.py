"""Many runs from one file: studies over any keys, fits to the measurements, sensitivities.

A member is one `halofil run` in a process of its own, named by the content of its scenario; nothing here imports DOLFINx.
"""
