"""What the people of the sample do in a year besides answering their messages: each act as a form and as a command."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from changeflow.adkar.elements import Element
from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.agenda.decisions import GateAnswer
from changeflow.agenda.due import is_work
from changeflow.errors import ChangeflowError
from changeflow.intake.tables import PastedText
from changeflow.programme.facts import Attendance, Condition
from changeflow.programme.people import needs
from changeflow.programme.programme import Programme
from changeflow.programme.recording import check_result
from changeflow.usecases import pilot_records
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.attendance import record_attendance
from changeflow.usecases.checkpoints import report_checkpoint
from changeflow.usecases.comments import comment_on
from changeflow.usecases.gates import decide
from changeflow.usecases.governance import note_act
from changeflow.usecases.parallel_runs import reconcile_stored
from changeflow.usecases.progress import finish_task
from changeflow.usecases.stored import stored_on
from changeflow.values.moments import day_of
from changeflow.values.words import Kind, Outcome
from tests.usecases.hands import Act

OFFICE, SRO, MANAGER = "programme-manager", "chief-executive", "payroll-manager"
SIGNERS = (MANAGER, "director-of-finance")
GATE = "payroll/pilot/go-no-go"
PAPER = date(2027, 1, 20), ("ashdown-head", "bridge-head", "elmtree-head", "harbour-head")
"""When answers are given on paper, months after the round that the programme asks for, and the people who give them."""
RUNS = {date(2027, 3, 9): "2027-02"}
"""When the payroll manager compares both outputs, and of which month."""
WEEKS, WEDNESDAY = 16, 2
HEADINGS = "contract,gross,tax,ni,pension,net"
LINES = [f"C{n},2000.00,200.00,150.00,100.00,1550.00" for n in range(10_001, 10_041)]
ODD = "C10007,2000.00,200.00,150.00,110.00,1540.00"
"""One contract with another pension contribution."""
KINDS = {"progress", "decision", "support", "comment", "assessment", "run", "explanation", "signature"}
"""What is done in every year; whether a training session or a go-live comes in time for more is up to chance."""


def typed(day: date) -> str:
    """Write a day as people type it in a form."""
    return f"{day.day}/{day.month}/{day.year}"


@dataclass
class Office:
    """People who act on their own account, as chance has it."""

    db: str
    programme: str
    chance: random.Random
    folder: Path

    def acts(self, day: date) -> Iterator[Act]:
        """Yield what people do on a working day; each act is made before the next is chosen."""
        on_the_day = [*([self.paper(day)] if day == PAPER[0] else []), *self.pilot(day)]
        yield from on_the_day
        if (act := self.checkpoint(day)) is not None:
            yield act
        week = day.toordinal() // 7 % WEEKS
        if day.weekday() == WEDNESDAY and week in self.weekly and (act := self.weekly[week](day)) is not None:
            yield act

    @property
    def weekly(self) -> Mapping[int, Callable[[date], Act | None]]:
        """What people do on the Wednesdays of some weeks of a term."""
        return {0: self.progress, 1: self.support, 5: self.comment, **dict.fromkeys((2, 9, 12, 14), self.training)}

    def known(self, day: date) -> Programme:
        return stored_on(self.programme, db=self.db, on=day).programme

    def _begun(self, known: Programme, day: date) -> Sequence[str]:
        """Return the tasks whose work should have begun by a day."""
        open_ = (t for t in known.roadmap.tasks.values() if is_work(t) and t.gate is None and not known.is_done(t.id))
        return sorted(t.id for t in open_ if day_of(known.timed(t.id).early_start) <= day)

    def progress(self, day: date) -> Act | None:
        if not (tasks := self._begun(self.known(day), day)):
            return None
        task = self.chance.choice(tasks)
        fields = {f"what:{task}": "finished", f"day:{task}": typed(day)}
        return Act(
            kind="progress", person=OFFICE, page="/week", fields=fields,
            command=lambda change: finish_task(task, day, None, change),
        )  # fmt: skip

    def support(self, day: date) -> Act:
        what = f"Visited a school on {typed(day)}"
        return Act(
            kind="support", person=OFFICE, page="/people/support",
            fields={"what": what, "kind": "seen", "on": typed(day)},
            command=lambda change: note_act(what, day, change),
        )  # fmt: skip

    def comment(self, day: date) -> Act | None:
        if not (tasks := self._begun(self.known(day), day)):
            return None
        task, text = self.chance.choice(tasks), f"Where is this, on {typed(day)}?"
        return Act(
            kind="comment", person=SRO, page=f"/plan/{task}", to=f"/comments/{task}", fields={"text": text},
            is_plain=True, command=lambda change: comment_on(task, text, change),
        )  # fmt: skip

    def training(self, day: date) -> Act | None:
        known = self.known(day)
        came = {(a.task, a.person) for a in known.facts.attendance}
        missing = sorted(
            (task.id, person)
            for task in known.tasks(kind=Kind.TRAINING)
            if day_of(known.timed(task.id).early_start) <= day
            for person in needs(known, task)
            if (task.id, person) not in came
        )
        if not missing:
            return None
        task, person = self.chance.choice(missing)
        fields = {f"came:{person}": "1", f"evidence:{person}": "A certificate", "on": typed(day)}
        one = Attendance(task=task, person=person, on=day, evidence="A certificate")
        return Act(
            kind="training", person=OFFICE, page=f"/people/training/{task}", fields=fields,
            command=lambda change: record_attendance([one], change),
        )  # fmt: skip

    def checkpoint(self, day: date) -> Act | None:
        known = self.known(day)
        for task in sorted(t.id for t in known.tasks(kind=Kind.CHECKPOINT) if not known.is_done(t.id)):
            result = CheckpointResult(task=task, on=day, use=0.9, evidence="The system's log")
            try:
                check_result(known, result, today=day)
            except ChangeflowError:
                continue  # its go-live is still to come
            return Act(
                kind="checkpoint", person=OFFICE, page=f"/people/checkpoints/{task}",
                fields={"on": typed(day), "use": "90", "evidence": result.evidence},
                command=lambda change, result=result: report_checkpoint(result, change),
            )  # fmt: skip
        return None

    def paper(self, day: date) -> Act:
        heads = ",".join(element.value for element in Element)
        lines = [f"{person},{day},{','.join('34543'[: len(Element)])}" for person in PAPER[1]]
        text = "\n".join([f"person,on,{heads}", *lines])
        return Act(
            kind="assessment", person=OFFICE, page="/people/assessments", fields={"answers": text}, is_plain=True,
            command=lambda change: import_assessments(PastedText(text), change),
        )  # fmt: skip

    def pilot(self, day: date) -> Iterator[Act]:
        """Compare both outputs, explain what differs, compare again and sign."""
        if day not in RUNS:
            return
        period = RUNS[day]
        yield self.run(period)
        for element, low, high in (("pension", 10, 10), ("net", -10, -10)):
            yield self.explanation(period, element, Decimal(low), Decimal(high))
        yield self.run(period)
        for person in SIGNERS:
            words = f"The runs agree, {typed(day)}"
            yield Act(
                kind="signature", person=person, page=f"/sign-off/{GATE}", fields={"answer": "sign", "words": words},
                command=lambda change, words=words: pilot_records.sign(GATE, words, change, agrees=True),
            )  # fmt: skip

    def run(self, period: str) -> Act:
        texts = {"old": LINES, "new": [ODD if line[:6] == ODD[:6] else line for line in LINES]}
        ledgers = {side: "\n".join([HEADINGS, *lines, ""]) for side, lines in texts.items()}
        paths = {side: self.folder / f"{side}.csv" for side in ledgers}
        for side, text in ledgers.items():
            paths[side].write_text(text)
        return Act(
            kind="run", person=MANAGER, page="/pilots/payroll/compare", fields={"period": period}, ledgers=ledgers,
            command=lambda change: reconcile_stored(
                paths["old"], paths["new"], service="payroll", period=period, change=change
            ),
        )  # fmt: skip

    def explanation(self, period: str, element: str, low: Decimal, high: Decimal) -> Act:
        why = "Contribution of a late joiner"
        return Act(
            kind="explanation", person=MANAGER, page=f"/pilots/payroll/runs/{period}",
            fields={"reason": why, "until": period, "element": element, "low": str(low), "high": str(high)},
            command=lambda change: pilot_records.explain(
                "payroll", period, element, change, contract=None, between=(low, high), reason=why, evidence=""
            ),
        )  # fmt: skip

    def decision(self, gate: str, person: str, day: date) -> Act:
        """Return a decision that the person may try: an approval, or one with a condition."""
        reason = "The evidence supports it"
        condition = Condition(text="Agree the rota", owner=OFFICE, due=day + timedelta(days=30))
        fields = {"outcome": Outcome.APPROVE.value, "reason": reason}
        answer = GateAnswer(task=gate, outcome=Outcome.APPROVE, reason=reason, on=day)
        if self.chance.random() < 0.3:
            row = {"text": condition.text, "owner": condition.owner, "due": typed(condition.due)}
            fields |= {"outcome": Outcome.CONDITIONS.value, **{f"condition-1-{n}": v for n, v in row.items()}}
            answer = GateAnswer(
                task=gate, outcome=Outcome.CONDITIONS, reason=reason, on=day, conditions=(condition,)
            )  # fmt: skip
        return Act(
            kind="decision", person=person, page=f"/decisions/{gate}", fields=fields,
            command=lambda change: decide(answer, change),
        )  # fmt: skip
