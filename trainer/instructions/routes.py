"""Ways between tables that people mean when they name one beside another."""

from __future__ import annotations

from collections.abc import Mapping

from llmtui.trainer.instructions.deeds import deed_of_name
from llmtui.trainer.instructions.things import Link, Relation, Thing

Keys = Mapping[str, list[Relation]]
"""Keys of each table, by its name: those that it has, or those to it."""


def ways_up(ups: Keys, thing: Thing) -> list[tuple[Relation, ...]]:
    """Ways up from a table, of one key or two; to what its own key leads to by that key only."""
    near = [(r,) for r in ups[thing.table.name]]
    own = [r.parent for (r,) in near]
    far = [
        (first, second)
        for (first,) in near
        for second in ups[first.parent.table.name]
        if plainly_named(first) and second.parent is not thing and second.parent not in own
    ]
    return [*near, *far]


def plainly_named(relation: Relation) -> bool:
    """Whether what a key refers to is called by its own name: where a department's manager works
    is not where the department is."""
    return relation.role == relation.parent.words


def links(ups: Keys, downs: Keys, thing: Thing) -> list[Link]:
    """Ways down to a table and up again to another that has names.

    Not to one that is straight above or below, or through such a one: "employees in Sales" means
    their own department, not that of a project they work on, or that they manage; but where the
    table between is named by a verb, that is said ("affiliated with"), and the link is barred to
    all other words. From rows that have names themselves just one key on: no "jobs in Rome" for
    those of employees who work there.
    """
    above = {path[-1].parent for path in ways_up(ups, thing)}
    found = []
    for near in downs[thing.table.name]:
        for far in ways_up(ups, near.child):
            end = far[-1].parent
            back = far[0] is near or any(r.parent is thing for r in far)
            back = back or any(path[-1].parent is thing for path in ways_up(ups, end))
            long = len(far) > 1 and near.child.named
            barred = back or any(r.parent in above for r in far)
            by_name = len(far) == 1 and far[0] is not near and deed_of_name(near.child.table.name)
            if not long and end.named and end is not thing and (by_name or not barred):
                found.append(Link(near.child, near, far, barred=barred))
    return found
