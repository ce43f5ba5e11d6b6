"""Publish where people stand: a round once, when it is closed. Only this reads everybody's scores."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from networkx.utils import UnionFind
from sqlmodel import Session

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.history import GONE, Considered
from changeflow.adkar.published import Snapshot
from changeflow.adkar.publishing import UNKNOWN, Protection, publish, read_answers
from changeflow.adkar.rounds import Days, days_of, name_of, rounds_on
from changeflow.adkar.views import View
from changeflow.agenda.asks import open_round
from changeflow.programme.audiences import views
from changeflow.programme.people import live_people
from changeflow.programme.programme import Programme
from changeflow.storage import audit, known_people, publications, versions
from changeflow.storage.publications import Kept, PublishedGroup
from changeflow.usecases.stored import SYSTEM, load


def publish_rounds(programme: Programme, assessments: Sequence[Assessment]) -> tuple[Snapshot, ...]:
    """Publish the rounds of a folder, the earliest first. Files of the same days are one round, the later file wins."""
    by_file: dict[str, list[Assessment]] = {}
    for assessment in assessments:
        by_file.setdefault(assessment.round, []).append(assessment)
    days: dict[str, Days] = {}
    rounds: dict[str, dict[str, Assessment]] = {}
    for answers in by_file.values():
        known = rounds_on(days_of(answers), days)
        name = known[-1] if known else name_of(days_of(answers), days)
        days[name] = days_of(answers).and_(days[name]) if name in days else days_of(answers)
        rounds.setdefault(name, {}).update({a.person: replace(a, round=name) for a in answers})
    history: list[Considered] = []
    snapshots = []
    for name in sorted(rounds, key=lambda n: (days[n].last, n)):
        snapshot, considered = _publish(programme, list(rounds[name].values()), history, on=days[name].last)
        history += considered
        snapshots.append(snapshot)
    return tuple(snapshots)


def _publish(
    programme: Programme,
    answers: Sequence[Assessment],
    history: Sequence[Considered],
    *,
    on: date,
    threshold: int | None = None,
    known_as: Mapping[str, str] | None = None,
) -> tuple[Snapshot, tuple[Considered, ...]]:
    """Publish one round. `known_as` gives the key under which a person is known in all programmes."""
    known_as, live = known_as or {}, live_people(programme, on=on)
    threshold = threshold or programme.policy.barrier_threshold
    read = read_answers(answers, threshold=threshold, live=live)
    read = replace(read, on=on, people=tuple(known_as.get(p, p) for p in read.people))
    protection = Protection(minimum=programme.minimum_group, step=programme.step)
    people = [a.person for a in answers]
    looked_at = [
        View(v.view, v.group, frozenset(known_as.get(p, p) for p in v.members))
        for v in views(programme.definition, people, minimum=protection.minimum, on=on)
    ]
    done = publish(read, looked_at, threshold=threshold, protection=protection, history=history, programme=programme.id)
    return done.snapshot, done.considered


def publish_closed(session: Session, name: str, *, on: date, now: datetime, by: str = SYSTEM) -> tuple[Snapshot, ...]:
    """Publish what is due to be published of a stored programme; return it.

    Answers that were corrected, or came, after their round was published are counted in the next one, where their
    person has not answered again.
    """
    waiting = publications.unpublished(session, name)
    if not waiting:
        return ()
    session.flush()
    programme = load(session, name, on=on).programme
    leave, days = open_round(programme, on), publications.rounds(session, name)
    new = []
    for round_ in sorted((r for r in waiting if r != leave), key=lambda r: (days[r].last, r)):
        snapshot = _publish_stored(session, programme, round_, days, now=now)
        audit.append(session, name, at=now, actor=by, action="publish", subject=f"round:{snapshot.round}")
        new.append(snapshot)
    session.flush()
    return tuple(new)


def _publish_stored(
    session: Session, programme: Programme, round_: str, days: Mapping[str, Days], *, now: datetime
) -> Snapshot:
    kept = publications.kept_answers(session)
    everybody = known_people.everybody(session)
    keys = known_as(everybody, together=_together(session, kept))
    history, thresholds = _history(session, kept, keys)
    published = {s.round for s in publications.snapshots(session, programme.id)}
    mine = {person: key for (where, person), key in keys.items() if where == programme.id}
    counted = to_count([k for k in kept if k.programme == programme.id], round_, days, published, known_as=mine)
    people = {keys.get((programme.id, k.answer.person), k.answer.person) for k in counted}
    # Answers that were cut at one threshold are never cut at another: both cuts together would show a score.
    threshold = next((t for t, who in reversed(thresholds) if not who.isdisjoint(people)), None)
    snapshot, considered = _publish(
        programme,
        [replace(k.answer, round=round_) for k in counted],
        history,
        on=days[round_].last,
        threshold=threshold,
        known_as=mine,
    )
    number = publications.add_snapshot(session, programme.id, snapshot, at=now)
    publications.mark_counted(session, [k.id for k in counted], number)
    back = {mine.get(k.answer.person, k.answer.person): k.answer.person for k in counted}
    publications.add_groups(session, programme.id, _groups(considered, number, back))
    return snapshot


def _groups(considered: Iterable[Considered], publication: int, back: Mapping[str, str]) -> list[PublishedGroup]:
    return [
        PublishedGroup(
            publication=publication,
            view=one.standing.view,
            group=one.standing.group,
            people={back.get(p, p): live for p, live in zip(one.people, one.live, strict=True)},
        )
        for one in considered
    ]


def to_count(
    kept: Sequence[Kept],
    round_: str,
    days: Mapping[str, Days],
    published: Collection[str],
    *,
    known_as: Mapping[str, str],
) -> list[Kept]:
    """Return a round's answers as they were last corrected, and those that came after their own round's publication.

    Each person once, whatever their ids are and were.
    """

    def of(one: Kept) -> str:
        return known_as.get(one.answer.person, one.answer.person)

    latest: dict[tuple[str, str], Kept] = {}
    for one in sorted(kept, key=lambda k: k.id):
        before = latest.get((one.answer.round, of(one)))
        # The same answers under another id are no correction.
        if before is None or (before.answer.scores, before.answer.on) != (one.answer.scores, one.answer.on):
            latest[one.answer.round, of(one)] = one
    mine = {person: one for (name, person), one in latest.items() if name == round_}
    counted: dict[str, date] = {}
    """The last day of the latest round in which each person was counted."""
    for one in kept:
        if one.publication is not None:
            last = days[one.answer.round].last
            counted[of(one)] = max(last, counted.get(of(one), last))
    for (name, person), one in sorted(latest.items(), key=lambda item: days[item[0][0]].last, reverse=True):
        if one.publication is None and name in published and counted.get(person, date.min) <= days[name].last:
            mine.setdefault(person, one)
    return list(mine.values())


def known_as(
    everybody: Iterable[tuple[str, str, str]], *, together: Iterable[Collection[str]]
) -> dict[tuple[str, str], str]:
    """Return a key for each (programme, person, address): the same for the same id, and for the same address.

    `together` are ids that are, or were, in one programme at one time: so many people. An address that several of them
    had joins no one. Where joining would make two of them into one, their ids alone say who they are.
    """
    people = {(where, person) for where, person, _ in everybody}
    by_address: dict[str, set[str]] = {}
    for _, person, address in everybody:
        if address:
            by_address.setdefault(address, set()).add(person)
    groups = [frozenset(ids) for ids in together]
    same = UnionFind(person for _, person in people)
    for ids in by_address.values():
        if len(ids) > 1 and all(len(ids & group) <= 1 for group in groups):
            same.union(*sorted(ids))
    key = {person: same[person] for _, person in people}
    apart = {k for group in groups for k, n in Counter(key[p] for p in group if p in key).items() if n > 1}
    return {(where, person): person if key[person] in apart else key[person] for where, person in people}


def _together(session: Session, kept: Iterable[Kept]) -> list[frozenset[str]]:
    """Return the people that each programme has now, and those whom each publication counted."""
    counted: dict[int, set[str]] = {}
    for one in kept:
        if one.publication is not None:
            counted.setdefault(one.publication, set()).add(one.answer.person)
    now = [frozenset(versions.contacts(session, name)) for name in versions.programme_ids(session)]
    return [*now, *map(frozenset, counted.values())]


def _history(
    session: Session, kept: Sequence[Kept], known_as: Mapping[tuple[str, str], str]
) -> tuple[list[Considered], list[tuple[int, frozenset[str]]]]:
    """Return every group that any publication newly showed or hid, and by publication its threshold and people."""
    stored = publications.all_publications(session)
    answers: dict[int, list[Kept]] = {}
    for one in kept:
        if one.publication is not None:
            answers.setdefault(one.publication, []).append(one)
    groups: dict[int, list[PublishedGroup]] = {}
    for group in publications.all_groups(session):
        groups.setdefault(group.publication, []).append(group)
    history: list[Considered] = []
    thresholds = []
    for publication in stored:
        mine = [k.answer for k in answers.get(publication.id, ())]
        if publication.id not in groups and not publication.keeps_people:
            groups[publication.id] = _reconstructed(session, publication, mine)
            publications.add_groups(session, publication.programme, groups[publication.id])
        counted_in = groups.get(publication.id, ())
        snapshot = publication.snapshot
        live = {p: is_live for g in counted_in for p, is_live in g.people.items()}
        read = read_answers(mine, threshold=snapshot.threshold, live={p for p, is_live in live.items() if is_live})
        place = dict(zip(read.people, read.places.tolist(), strict=True))
        thresholds.append((snapshot.threshold, frozenset(known_as.get((publication.programme, p), p) for p in place)))
        for group in counted_in:
            standing = snapshot.of(group.view, group.group)
            if standing is None:
                continue
            people = sorted(group.people)
            history.append(
                Considered(
                    programme=publication.programme,
                    people=tuple(known_as.get((publication.programme, p), p) for p in people),
                    places=tuple(_or_gone(place.get(p, UNKNOWN)) for p in people),
                    live=tuple(group.people[p] for p in people),
                    standing=standing,
                    is_older=standing.held is not None and standing.round != snapshot.round,
                )
            )
    return history, thresholds


def _or_gone(place: int) -> int:
    return GONE if place == UNKNOWN else place


def _reconstructed(
    session: Session, publication: publications.Publication, answers: Sequence[Assessment]
) -> list[PublishedGroup]:
    """Work out whom a publication of 0.1.0 counted, which did not keep it."""
    version = versions.at_moment(session, publication.programme, publication.at)
    if version is None:
        return []
    snapshot = publication.snapshot
    live = live_people(load(session, publication.programme, on=snapshot.on).programme, on=snapshot.on)
    read = read_answers(answers, threshold=snapshot.threshold, live=live)
    counted = {p for p, place in zip(read.people, read.places.tolist(), strict=True) if place != UNKNOWN}
    found = []
    for view in views(version.definition, read.people, minimum=snapshot.minimum, on=snapshot.on):
        standing = snapshot.of(view.view, view.group)
        people = view.members & counted
        if standing is None or not people or (standing.held is not None and standing.round != snapshot.round):
            continue
        found.append(
            PublishedGroup(
                publication=publication.id,
                view=view.view,
                group=view.group,
                people={p: p in live for p in people},
            )
        )
    return found
