"""Damaged and hostile mail, made without end from honest samples, and what must hold for every one."""
