"""Who does what for a film of a question: four roles, each a model of the catalog."""

from collections.abc import Mapping
from typing import Literal, get_args

from workbench.backends.catalog.models import Catalog, ModelInfo
from workbench.errors import RequestError

Role = Literal["explain", "refine", "script", "validate"]
ROLES: tuple[Role, ...] = get_args(Role)

AUTO = "auto"


def choose_models(
    catalog: Catalog, wanted: Mapping[Role, str], written_by: str = AUTO
) -> dict[Role, ModelInfo]:
    """Settle which model does what.

    Args:
        catalog: The models there are.
        wanted: Role → key of the catalog or `auto`, as it is set.
        written_by: A key that takes all roles; `auto` leaves them as they are set.

    Raises:
        RequestError: There is no such model, or it does not write.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> {model.key for model in choose_models(load_catalog(), {}).values()}
        {'2_lite'}
    """
    keys = dict.fromkeys(ROLES, written_by)
    if written_by == AUTO:
        keys = {role: wanted.get(role, AUTO) for role in ROLES}
    return {role: writing_model(catalog, key) for role, key in keys.items()}


def writing_model(catalog: Catalog, key: str) -> ModelInfo:
    """A model that writes; `auto` is a balanced one of Amazon Nova.

    Raises:
        RequestError: There is no such model, it answers no more, or it does not write.
    """
    if key == AUTO:
        return catalog.choose("balanced", {"text"}, "nova")
    model = catalog.get(key)
    if not can_write(model):
        known = ", ".join(m.key for m in catalog.models() if can_write(m))
        raise RequestError(
            f"{model.name} does not write films of questions", hint=f"choose auto or one of {known}"
        )
    return model


def can_write(model: ModelInfo) -> bool:
    """Does it answer open questions in words?

    The local engine does not: it only quotes and counts what was measured.
    """
    return (
        model.engine != "local"
        and model.purpose == "analyse"
        and model.lifecycle != "retired"
        and "text" in model.accepts
        and model.max_output_tokens > 0
    )
