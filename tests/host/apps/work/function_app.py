"""Queue and timer functions that write down what they saw, one line of JSON each, in TOY_FOLDER."""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def note(name: str, **seen: object) -> None:
    line = json.dumps({"at": datetime.now(UTC).isoformat(), "pid": os.getpid(), **seen}) + "\n"
    with (Path(os.environ["TOY_FOLDER"]) / name).open("a") as file:
        file.write(line)


@app.queue_trigger(arg_name="message", queue_name="%TOY_QUEUE%", connection="TOY_STORAGE")
async def work(message: func.QueueMessage) -> None:
    text = message.get_body().decode()
    note(
        "work",
        text=text,
        id=message.id,
        count=message.dequeue_count,
        receipt=bool(message.pop_receipt),
        moments=[
            moment.isoformat() if moment else None
            for moment in (message.insertion_time, message.expiration_time, message.time_next_visible)
        ],
    )
    if text.startswith("wait"):
        await asyncio.sleep(1.0)
        note("work", text="waited")
    if text.startswith("fail"):
        raise RuntimeError("the secret of the message")


@app.timer_trigger(arg_name="timer", schedule="%TOY_SCHEDULE%")
def tick(timer: func.TimerRequest) -> None:
    note("tick", past_due=timer.past_due)
