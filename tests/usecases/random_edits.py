"""Random edits that fit a programme as it is, of every kind."""

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from changeflow.planning.wave_use import former_ids
from changeflow.programme.definition import Definition

Fields = Mapping[str, Any]
DAY = date(2027, 9, 6)
SETTINGS = {"minimum_group": 11, "trained_share": 0.9, "assessment_open_weeks": 3, "larger_trust_from": 12}


class Maker:
    """Makes edits of a definition; None if the programme has nothing for one of a kind."""

    def __init__(self, definition: Definition, chance: Random, number: int) -> None:
        self.definition, self.chance = definition, chance
        self.new = f"n{number}"
        self.waves = definition.programme.waves
        self.day = DAY + timedelta(days=chance.randrange(400))

    def make(self, kind: str) -> Fields | None:
        fields = getattr(self, kind.replace("-", "_"))()
        return None if fields is None else {"kind": kind, **fields}

    def pick(self, items: Any) -> Any:
        known = sorted(items, key=str)
        return self.chance.choice(known) if known else None

    def spare(self) -> tuple[str, str] | None:
        """A school in a wave with others, and the wave."""
        return self.pick([(s, w.id) for w in self.waves if len(w.schools) > 1 for s in w.schools])

    def step(self) -> str:
        service = self.pick([s.service for s in self.definition.services])
        return f"{service}/{self.pick(['requirements', 'delegation', 'capacity', 'system-live', 'train'])}"

    def own_step(self) -> str | None:
        """A task that an earlier edit has added."""
        return self.pick([
            f"{s.service}/{k}" for s in self.definition.services for k, f in s.tasks.items()
            if k.startswith("n") and "/" not in k and not f.drop
        ])  # fmt: skip

    def move_school(self) -> Fields | None:
        found = self.spare()
        if found is None:
            return None
        school, source = found
        own = next(w.services for w in self.waves if w.id == source)
        target = self.pick([w.id for w in self.waves if w.services == own and school not in w.schools])
        return {"school": school, "from_wave": source, "to_wave": target} if target is not None else None

    def add_wave(self) -> Fields | None:
        found = self.spare()
        return {"id": self.new, "name": f"wave {self.new}", "schools": [found[0]]} if found is not None else None

    def rename_wave(self) -> Fields:
        return {"wave": self.pick([w.id for w in self.waves]), "name": f"wave {self.new}"}

    def set_wave(self) -> Fields | None:
        wave = self.pick([w.id for w in self.waves])
        return {"wave": wave, "first_day": self.day.isoformat(), "name": f"wave {self.new}"}

    def split_wave(self) -> Fields | None:
        every = tuple(s.service for s in self.definition.services)
        found = self.pick([(w.id, s) for w in self.waves if len(w.services or every) > 1 for s in w.services or every])
        if found is None:
            return None
        wave, service = found
        former = former_ids(self.definition, {(service, wave): self.new})[service]
        schools = next(w.schools for w in self.waves if w.id == wave)
        return {
            "wave": wave, "services": [service], "id": self.new, "name": f"wave {self.new}", "schools": schools,
            "former": {f"{service}/{new}": [f"{service}/{old}" for old in olds] for new, olds in former.items()},
        }  # fmt: skip

    def remove_wave(self) -> Fields | None:
        wave = self.pick([w.id for w in self.waves if w.id.startswith("n")])
        if wave is None:
            return None
        own = next(w.services for w in self.waves if w.id == wave)
        other = self.pick([w.id for w in self.waves if w.id != wave and w.services == own])
        return {"wave": wave, "to_wave": other} if other is not None else None

    def order_waves(self) -> Fields | None:
        order = [w.id for w in self.waves]
        self.chance.shuffle(order)
        return {"waves": order}

    def accept_move(self) -> Fields:
        return {"task": self.step(), "start": f"{self.day.isoformat()}T{self.pick(['00', '13'])}:00:00"}

    def school(self) -> str:
        return str(self.pick([s.id for s in self.definition.schools]))

    def set_wishes(self) -> Fields:
        return {"school": self.school(), "earliest": self.day.isoformat(), "pilot": self.chance.random() < 0.5}

    def set_pin(self) -> Fields:
        service = self.pick([s.service for s in self.definition.services])
        return {"school": self.school(), "service": service, "day": self.day.isoformat()}

    def remove_pin(self) -> Fields | None:
        pins = [(name, service) for name, s in self.definition.rollout.schools.items() for service in s.fixed]
        found = self.pick(pins)
        return {"school": found[0], "service": found[1]} if found is not None else None

    def keep_apart(self) -> Fields | None:
        schools, known = [s.id for s in self.definition.schools], {frozenset(p) for p in self.definition.rollout.apart}
        found = self.pick([(a, b) for a in schools for b in schools if a < b and frozenset((a, b)) not in known])
        return {"school": found[0], "other": found[1]} if found is not None else None

    def remove_apart(self) -> Fields | None:
        found = self.pick(self.definition.rollout.apart)
        return {"school": found[1], "other": found[0]} if found is not None else None

    def set_limit(self) -> Fields:
        service = self.pick([s.service for s in self.definition.services])
        of = {"part": "service", "of": service, "setting": "wave_size"}
        return {**self.pick([of, {"part": "rollout", "setting": "at_once"}]), "value": self.chance.randrange(2, 40)}

    def add_school(self) -> Fields:
        wave = self.pick([w.id for w in self.waves])
        return {"id": self.new, "name": f"School {self.new}", "phase": "primary", "authority": "north", "wave": wave}

    def remove_school(self) -> Fields | None:
        found = self.pick([s for w in self.waves if len(w.schools) > 1 for s in w.schools if s.startswith("n")])
        return {"school": found} if found is not None else None

    def set_duration(self) -> Fields:
        return {"task": self.step(), "duration": f"{self.chance.randrange(2, 60)}d"}

    def set_task_calendar(self) -> Fields:
        return {"task": self.step(), "calendar": self.pick(["office", "term", "every_day"])}

    def set_need(self) -> Fields | None:
        team = self.pick(self.definition.rollout.teams)
        return {"task": self.step(), "team": team, "people": self.pick([0.5, 1])} if team is not None else None

    def set_estimate(self) -> Fields | None:
        task = self.own_step()
        return {"task": task, "estimate": ["1d", "5d", f"{self.chance.randrange(30, 90)}d"]} if task else None

    def link(self) -> Fields:
        service = self.pick([s.service for s in self.definition.services])
        own = [k for s in self.definition.services if s.service == service for k in s.tasks if k.startswith("n")]
        first = self.pick(["delegation", "requirements", *own])
        return {"task": f"{service}/{self.pick(['go-live', 'checkpoint', 'train'])}", "after": f"{first} FS+1d"}

    def unlink(self) -> Fields | None:
        links = [
            (f"{s.service}/{k}", link.split()[0])
            for s in self.definition.services for k, f in s.tasks.items() for link in f.also_after or ()
        ]  # fmt: skip
        found = self.pick(links)
        return {"task": found[0], "after": found[1]} if found is not None else None

    def set_deadline(self) -> Fields:
        return {"task": "programme/all-live", "deadline": self.day.isoformat()}

    def set_earliest(self) -> Fields:
        return {"task": self.step(), "earliest": self.day.isoformat()}

    def set_owner(self) -> Fields:
        return {"task": self.step(), "owner": self.pick(["owner", "member", "head", "lead_provider"])}

    def add_task(self) -> Fields:
        service = self.pick([s.service for s in self.definition.services])
        days = f"{self.chance.randrange(4, 20)}d"
        return {
            "service": service,
            "id": self.new,
            "name": f"Do {self.new}",
            "duration": days,
            "after": ["requirements"],
        }

    def rename_task(self) -> Fields:
        return {"task": self.step(), "name": f"Called {self.new}"}

    def retire_task(self) -> Fields | None:
        """Retire a task that is whole: the records of the first part of a split one would pass to the second part."""
        split = {
            f"{s.service}/{old}" for s in self.definition.services for f in s.tasks.values() for old in f.was or ()
        }
        task = self.own_step()
        return {"task": task} if task and task not in split else None

    def split_task(self) -> Fields | None:
        task = self.own_step()
        return (
            {"task": task, "first_duration": "2d", "id": self.new, "name": "More", "duration": "2d"} if task else None
        )

    def add_calendar(self) -> Fields | None:
        schools = {s.id for s in self.definition.schools} - {c.school for c in self.definition.calendars}
        found = self.pick(schools)
        return {"calendar": f"{self.new}-days", "school": found} if found is not None else None

    def add_closure(self) -> Fields:
        return {"name": self.new, "first_day": self.day.isoformat()}

    def remove_closure(self) -> Fields | None:
        found = self.pick([(c.name, c.first_day.isoformat()) for c in self.definition.programme.closed])
        return {"name": found[0], "first_day": found[1]} if found is not None else None

    def set_term(self) -> Fields:
        year = self.chance.randrange(2028, 2040)
        days = {"first_day": f"{year}-09-0{self.chance.randrange(1, 9)}", "last_day": f"{year}-12-18"}
        return {"calendar": "trust", "name": f"Autumn {year}", **days}

    def add_blackout(self) -> Fields:
        last = self.day + timedelta(days=self.chance.randrange(9))
        days = {"first_day": self.day.isoformat(), "last_day": last.isoformat()}
        return {"calendar": "trust", "name": self.new, "activities": ["go_live"], **days}

    def remove_blackout(self) -> Fields | None:
        found = self.pick([b.name for c in self.definition.calendars for b in c.blackouts])
        return {"calendar": "trust", "name": found} if found is not None else None

    def set_meetings(self) -> Fields:
        dates = sorted({(DAY + timedelta(days=self.chance.randrange(600))).isoformat() for _ in range(4)})
        return {"calendar": "trust", "meeting": "board", "name": "Board of Trustees", "dates": dates}

    def set_team(self) -> Fields:
        return {"team": self.pick(["ict", "trainers"]), "days_per_week": self.chance.randrange(5, 40)}

    def add_absence(self) -> Fields | None:
        team = self.pick(self.definition.rollout.teams)
        days = {"first_day": self.day.isoformat(), "last_day": (self.day + timedelta(days=4)).isoformat()}
        return {"team": team, **days} if team is not None else None

    def add_service(self) -> Fields:
        return {"service": self.new, "name": f"Service {self.new}", "pathway": "short", "lead_provider": "provider"}

    def set_policy(self) -> Fields:
        setting = self.pick(SETTINGS)
        known = getattr(self.definition.programme.policy, setting)
        return {"setting": setting, "value": None if known == SETTINGS[setting] else SETTINGS[setting]}

    def set_sponsor(self) -> Fields:
        return {"person": "chief", "since": f"2026-0{self.chance.randrange(1, 9)}-1{self.chance.randrange(9)}"}

    def set_benefits(self) -> Fields:
        return {"statement": f"Lessons: {self.new}", "approved_by": "chief", "approved_on": "2026-12-01"}

    def replace_person(self) -> Fields:
        """Whichever of the two measures the pilot now hands over to the other."""
        [service] = [s for s in self.definition.services if s.service == "payroll"]
        person = service.pilot.exit_criteria[0].owner if service.pilot is not None else None
        return {"person": person, "by": "member" if person == "owner" else "owner"}

    def add_waiver(self) -> Fields:
        until = self.day.isoformat()
        waiver = {"rule": "R04", "reason": self.new, "owner": "owner", "approved_by": ["chief"], "expires": until}
        return {"waiver": waiver}

    def apply_lesson(self) -> Fields:
        wave = self.pick([w.id for w in self.waves])
        service = self.pick([s.service for s in self.definition.services])
        return {"tasks": [f"{service}/{wave}/system-live"], "duration": f"{self.chance.randrange(2, 30)}d"}
