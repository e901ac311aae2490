"""Derivative of a form by one of its constants, symbolically."""

import ufl
from ufl.algorithms.apply_algebra_lowering import apply_algebra_lowering
from ufl.algorithms.apply_derivatives import apply_derivatives
from ufl.constantvalue import Zero


def by_constant(form: ufl.Form, constant) -> ufl.Form | None:
    """d form / d constant; exact, where a difference of two assembled matrices loses digits.

    Args:
        form: UFL form.
        constant: scalar `fem.Constant`.

    Returns:
        A form over those integrals that depend on the constant; None when none does.
    """
    variable = ufl.variable(constant)
    integrals = []
    for integral in form.integrals():
        integrand = ufl.diff(ufl.replace(integral.integrand(), {constant: variable}), variable)
        integrand = apply_derivatives(apply_algebra_lowering(integrand))
        if not isinstance(integrand, Zero):
            integrals.append(integral.reconstruct(integrand=integrand))
    return ufl.Form(integrals) if integrals else None
