"""Protocols in time: waveforms, second-order steps with error control, milestones."""
