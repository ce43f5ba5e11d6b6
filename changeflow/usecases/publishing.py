"""Publish each round of assessments once, when it has closed. Only this module reads everyone's scores."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.history import GONE, Considered
from changeflow.adkar.identities import Answered, each_once, join_ids, renamed, scores_of
from changeflow.adkar.published import Snapshot, View
from changeflow.adkar.publishing import UNKNOWN, Protection, publish, read_answers
from changeflow.adkar.rounds import Days, days_of, name_of, rounds_on
from changeflow.agenda.asks import open_round
from changeflow.programme.audiences import views
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import live_people
from changeflow.programme.programme import Programme
from changeflow.storage import audit, persons, publication_record, publications, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import url_of
from changeflow.storage.publications import Kept, PublishedGroup
from changeflow.usecases.stored import load


def publish_rounds(programme: Programme, assessments: Sequence[Assessment]) -> tuple[Snapshot, ...]:
    """Publish a folder's rounds, earliest first. Files of the same days are one round; the later file wins."""
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
    """Publish one round. `known_as` gives each person's key across programmes, without other ids of people who have
    answered."""
    if known_as is None:
        known_as = {p: p for p in (*(p.id for p in programme.definition.people), *(a.person for a in answers))}
    live = live_people(programme, on=on)
    threshold = threshold or programme.policy.barrier_threshold
    read = read_answers(answers, threshold=threshold, live=live)
    read = replace(read, on=on, people=tuple(known_as[p] for p in read.people))
    protection = Protection(minimum=programme.minimum_group, band=programme.band)
    looked_at = [
        View(v.view, v.group, frozenset(known_as[p] for p in v.members if p in known_as))
        for v in _views(programme, answers, on=on)
    ]
    done = publish(read, looked_at, threshold=threshold, protection=protection, history=history, programme=programme.id)
    return done.snapshot, done.considered


def _views(programme: Programme, answers: Iterable[Assessment], *, on: date) -> list[View]:
    return views(programme.definition, [a.person for a in answers], minimum=programme.minimum_group, on=on)


def prepare(session: Session, *, now: datetime) -> None:
    """Prepare to record or publish answers: lock, and load all publications."""
    versions.lock_all(session)
    publication_record.put_back(session, MachineState(url_of(session)), now=now)


def publish_closed(session: Session, name: str, *, on: date, now: datetime, by: str = SYSTEM) -> tuple[Snapshot, ...]:
    """Publish the closed rounds of a stored programme and return them. Call `prepare` first.

    Answers received or corrected after their round was published count in the next one, unless the person has answered
    again.
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
    known, on = {s.round for s in publications.snapshots(session, programme.id)}, days[round_].last
    there = {p.id for p in programme.definition.people}

    def read() -> tuple[list[Kept], dict[tuple[str, str], str], dict[str, str]]:
        keys = join_ids(persons.everybody(session), together=_together(session, programme, kept, round_, on=on))
        mine = {person: key for (where, person), key in keys.items() if where == programme.id}
        here = [k for k in kept if k.programme == programme.id]
        counted = to_count(here, round_, days, known, known_as=mine)
        return counted, keys, each_once(mine, [k.answer.person for k in counted], there)

    counted, keys, mine = read()
    if same := _renamed(session, programme, kept, counted, keys, on=on):
        persons.remember_same(session, programme.id, same)
        counted, keys, mine = read()
    history, cuts = _history(session, kept, keys)
    threshold, left_out = cut_for({mine[k.answer.person] for k in counted}, cuts, programme=programme.id)
    counted = [k for k in counted if mine[k.answer.person] not in left_out]
    answers = [replace(k.answer, round=round_) for k in counted]
    snapshot, considered = _publish(programme, answers, history, on=on, threshold=threshold, known_as=mine)
    number = publications.add_snapshot(session, programme.id, snapshot, at=now)
    publications.mark_counted(session, [k.id for k in counted], number)
    back = {key: person for person, key in mine.items()}
    back |= {mine[k.answer.person]: k.answer.person for k in counted}
    groups = _groups(considered, number, back)
    publications.add_groups(session, programme.id, groups)
    publication_record.note(session, programme.id, snapshot, groups, counted, at=now)
    return snapshot


def _groups(considered: Iterable[Considered], publication: int, back: Mapping[str, str]) -> list[PublishedGroup]:
    return [
        PublishedGroup(
            publication=publication,
            view=one.standing.view,
            group=one.standing.group,
            people={back.get(p, p): live for p, live in zip(one.people, one.live, strict=True)},
            silent=tuple(sorted(back.get(p, p) for p in one.silent)),
        )
        for one in considered
    ]


@dataclass(frozen=True, slots=True)
class Cut:
    """The threshold of a publication, and the keys of the people whose answers it counted."""

    programme: str
    threshold: int
    people: frozenset[str]


def cut_for(people: Collection[str], cuts: Sequence[Cut], *, programme: str) -> tuple[int | None, frozenset[str]]:
    """Return the threshold to count at, None for the programme's own, and the people to leave out.

    A programme keeps its threshold; a new one takes the threshold of most of its people who were counted before.
    Answers counted at one threshold are never counted at another, because both counts together would reveal a score.
    `cuts` are the earlier ones, oldest first.
    """
    latest = {p: cut.threshold for cut in cuts for p in cut.people}
    own = [cut.threshold for cut in cuts if cut.programme == programme]
    known = Counter(latest[p] for p in people if p in latest)
    threshold = own[-1] if own else max(known, key=lambda t: (known[t], t), default=None)
    return threshold, frozenset(p for p in people if latest.get(p, threshold) != threshold)


def _renamed(
    session: Session,
    programme: Programme,
    kept: Sequence[Kept],
    counted: Sequence[Kept],
    keys: Mapping[tuple[str, str], str],
    *,
    on: date,
) -> dict[str, str]:
    """Return the people who answered and were probably counted before under another id, with that id."""
    here = {p.id for p in programme.definition.people if p.is_here(on)}
    looked_at = _views(programme, [k.answer for k in counted], on=on)
    return same_people(
        kept,
        counted,
        keys,
        programme=programme.id,
        here=here,
        groups={(v.view, v.group): v.members for v in looked_at},
        earlier=publications.all_groups(session),
    )


def same_people(
    kept: Iterable[Kept],
    counted: Iterable[Kept],
    keys: Mapping[tuple[str, str], str],
    *,
    programme: str,
    here: Collection[str],
    groups: Mapping[tuple[str, str], Collection[str]],
    earlier: Iterable[PublishedGroup],
) -> dict[str, str]:
    """Return ids that are probably new ids of people counted before, because the same answers come again.

    `here` are the ids now in the programme, `groups` its groups, `earlier` those of all publications.
    """
    was_in: dict[tuple[int, str], set[tuple[str, str]]] = {}
    for group in earlier:
        for person in group.people:
            was_in.setdefault((group.publication, person), set()).add((group.view, group.group))
    before: dict[int, dict[str, Answered]] = {}
    latest: dict[str, Answered] = {}
    own: set[str] = set()
    for one in sorted(kept, key=lambda k: (k.publication or 0, k.id)):
        if one.publication is None:
            continue
        person = one.answer.person
        key = keys.get((one.programme, person), person)
        was = Answered(scores_of(one.answer), frozenset(was_in.get((one.publication, person), ())))
        before.setdefault(one.publication, {})[key] = latest[key] = was
        own |= {key} if one.programme == programme else set()
    now = {keys.get((programme, k.answer.person), k.answer.person): k for k in counted}
    there = {keys.get((programme, p), p) for p in here}
    new = {
        key: Answered(scores_of(k.answer), frozenset(g for g, who in groups.items() if k.answer.person in who))
        for key, k in now.items()
        if key not in latest
    }
    gone = {key: latest[key] for key in own - there - now.keys()}
    past = [{key: a for key, a in people.items() if key not in now} for people in before.values()]
    return {now[key].answer.person: old for key, old in renamed(new, gone, past).items()}


def to_count(
    kept: Sequence[Kept], round_: str, days: Mapping[str, Days], done: Collection[str], *, known_as: Mapping[str, str]
) -> list[Kept]:
    """Return a round's answers as last corrected, with those that came after their own round's publication.

    Each person appears once, whatever their ids. `done` are the rounds already published.
    """

    def of(one: Kept) -> str:
        return known_as.get(one.answer.person, one.answer.person)

    latest: dict[tuple[str, str], Kept] = {}
    for one in sorted(kept, key=lambda k: k.id):
        before = latest.get((one.answer.round, of(one)))
        # The same answers under another id are not a correction.
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
        if one.publication is None and name in done and counted.get(person, date.min) <= days[name].last:
            mine.setdefault(person, one)
    return list(mine.values())


def _together(
    session: Session, programme: Programme, kept: Sequence[Kept], round_: str, *, on: date
) -> list[frozenset[str]]:
    """Return the people that each publication counted, and those of the programme who answered in this round."""
    here = {p.id for p in programme.definition.people if p.is_here(on)}
    found: dict[int, set[str]] = {}
    for group in publications.all_groups(session):
        found.setdefault(group.publication, set()).update(group.people)
    for one in kept:
        if one.publication is not None:
            found.setdefault(one.publication, set()).add(one.answer.person)
    now = {k.answer.person for k in kept if (k.programme, k.answer.round) == (programme.id, round_)}
    return [*map(frozenset, found.values()), frozenset(now & here)]


def _history(
    session: Session, kept: Sequence[Kept], known_as: Mapping[tuple[str, str], str]
) -> tuple[list[Considered], list[Cut]]:
    """Return every group newly shown or hidden by any publication, and each publication's threshold and people."""
    stored = publications.all_publications(session)
    answers: dict[int, list[Kept]] = {}
    for one in kept:
        if one.publication is not None:
            answers.setdefault(one.publication, []).append(one)
    groups: dict[int, list[PublishedGroup]] = {}
    for group in publications.all_groups(session):
        groups.setdefault(group.publication, []).append(group)
    history: list[Considered] = []
    cuts = []
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
        where, by_id = publication.programme, {*live, *place}
        cuts.append(Cut(where, snapshot.threshold, frozenset(known_as.get((where, p), p) for p in by_id)))
        for group in counted_in:
            standing = snapshot.of(group.view, group.group)
            if standing is None:
                continue
            people = sorted(group.people)
            keys = tuple(known_as.get((where, p), p) for p in people)
            history.append(
                Considered(
                    programme=where,
                    people=keys,
                    silent=tuple(sorted({known_as.get((where, p), p) for p in group.silent}.difference(keys))),
                    minimum=snapshot.minimum,
                    places=tuple(GONE if (at := place.get(p, UNKNOWN)) == UNKNOWN else at for p in people),
                    live=tuple(group.people[p] for p in people),
                    standing=standing,
                    is_older=standing.held is not None and standing.round != snapshot.round,
                )
            )
    return history, cuts


def _reconstructed(
    session: Session, publication: publications.StoredPublication, answers: Sequence[Assessment]
) -> list[PublishedGroup]:
    """Reconstruct the people counted by a publication of 0.1.0, which did not record them."""
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
                publication=publication.id, view=view.view, group=view.group, people={p: p in live for p in people}
            )
        )
    return found
