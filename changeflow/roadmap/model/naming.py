"""The one form of a task's name: service, wave or school, then the task: “Payroll, wave 2: confirm readiness”."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskName:
    """The parts of a task's name. The programme's own tasks have only a step.

    >>> str(TaskName("Confirm readiness", service="Payroll", place="wave 2"))
    'Payroll, wave 2: confirm readiness'
    >>> str(TaskName("Form the project team", service="Payroll")), str(TaskName("Close the programme"))
    ('Payroll: form the project team', 'Close the programme')
    """

    step: str
    """What is done, as in `confirm readiness`."""
    service: str = ""
    place: str = ""
    """The wave or school, as in `wave 2` or `pilot`."""

    @classmethod
    def taken_apart(cls, name: str, *, service: str, place: str) -> "TaskName":
        """Split a full name, whose service and place are known, into its parts.

        >>> TaskName.taken_apart("HR, wave 3: train staff: part 1", service="HR", place="wave 3").step
        'train staff: part 1'
        """
        heading = cls("", service=service, place=place).heading
        return cls(name.removeprefix(f"{heading}: ") if heading else name, service=service, place=place)

    def __str__(self) -> str:
        # A heading ends with the only colon, so that a reader sees where the task begins.
        return f"{self.heading}: {lowered(self.step).replace(': ', ', ')}" if self.heading else self.step

    @property
    def heading(self) -> str:
        """The service and place: `Payroll, wave 2`."""
        return ", ".join(filter(None, (self.service, self.place)))

    @property
    def without_place(self) -> str:
        """The name for lists that give the wave or school themselves: `Payroll: confirm readiness`."""
        return str(TaskName(self.step, service=self.service))

    @property
    def alone(self) -> str:
        """The step for tables that have columns for service and place: `Confirm readiness`."""
        return f"{self.step[:1].upper()}{self.step[1:]}"

    def forms(self) -> tuple[tuple[str, ...], ...]:
        """Return the forms that people use: in full, without the service, without wave or school, the step alone.

        Files and messages of earlier releases have the place last: `Payroll: confirm readiness, wave 2`.
        """
        step = (self.step,) if self.service else ()
        if not self.place:
            return (str(self),), (), (), step
        full, local = [], []
        for place in (self.place, f"{self.place} wave"):
            full += [str(TaskName(self.step, self.service, place)), f"{self.service}: {self.step}, {place}"]
            local += [f"{place}: {self.step}", f"{self.step}, {place}"]
        return tuple(full), tuple(local), (self.without_place,), step


def lowered(words: str) -> str:
    """Begin words in lower case, unless they begin with capitals.

    >>> lowered("Train staff"), lowered("HR system live")
    ('train staff', 'HR system live')
    """
    return f"{words[:1].lower()}{words[1:]}" if words[1:2].islower() else words
