"""What Counterfoil is measured against in the same run: four servers that a competent person would write.

Each is a process of its own: `python -m app.bench.controls.NAME PORT …`. Where it was open how to write one, it was
given the cheaper way.
"""
