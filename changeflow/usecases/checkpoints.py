"""Record the result of a checkpoint."""

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.programme.assembly.corrective_actions import Found
from changeflow.programme.recording import check_checkpoint, check_result, checked_progress, finish_of, task_subject
from changeflow.storage import facts
from changeflow.usecases.progress import record_progress, record_reason
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Action


def report_checkpoint(result: CheckpointResult, change: Change, reason: str = "") -> Found:
    """Record a checkpoint's result and finish in one transaction; return it with its judgement.

    A second report of the same checkpoint is kept beside the first and counts instead. `reason` says why dates move.
    """
    with unit_of_work(change) as work:
        programme = work.programme
        work.actor()
        check_checkpoint(programme, result)
        by = work.permit(Action.REPORT_CHECKPOINT, task_subject(programme.roadmap.tasks[result.task]))
        check_result(programme, result, today=change.on)
        facts.add_checkpoint(work.session, work.name, result, at=change.now, by=by)
        if not programme.is_done(result.task):
            reported = finish_of(programme, result.task, result.on)
            record_reason(work, [result.task], reason, by)
            record_progress(work, checked_progress(programme, [reported], change.on), by)
        work.record("checkpoint", f"checkpoint:{result.task}", by=by)
    return next(f for f in work.after.programme.checkpoints() if f.task.id == result.task)
