"""How fast the engines are: one Newton step part by part, on this machine or from a bundle on another."""
