"""The mailbox under every interleaving that hypothesis thinks of, held against a model of its promises."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.kernel.counter import Call
from tests.kernel.desk import DO, LOOK, Ask, Clerk, Said
from tests.kernel.virtual_time import VirtualLoop, settled

from careplane.kernel.context import Context, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import DeadlineExceeded, NotFound, Overloaded, PlatformError, StillRunning
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.principal import Principal

BOUND = 5


@dataclass
class Expected:
    """A call as the model sees it: what it is, and how its caller was answered (None while they wait)."""

    text: str
    key: str
    once: str | None
    deadline: float | None
    call: Call
    started: bool = False
    answer: str | None = None


@dataclass
class Model:
    """What a mailbox should do, written without asyncio."""

    lanes: dict[str, list[Expected]] = field(default_factory=dict)
    queries: list[Expected] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    @property
    def held(self) -> list[Expected]:
        """The calls that count against the bound."""
        return [call for lane in self.lanes.values() for call in lane] + self.queries

    def refusal(self, once: str | None) -> type[PlatformError] | None:
        """Name the error that a new call gets at once, if it gets one."""
        if once is not None and once in [call.once for call in self.held]:
            return StillRunning
        return Overloaded if len(self.held) >= BOUND else None

    def advance(self, now: float) -> None:
        """Let everything happen that needs nobody's help."""
        for call in self.held:
            if call.answer is None and call.deadline is not None and now >= call.deadline:
                call.answer = DeadlineExceeded.__name__
        self.queries = [call for call in self.queries if call.answer is None]
        for key, lane in list(self.lanes.items()):
            while lane and not lane[0].started:
                if lane[0].answer is None:
                    lane[0].started = True
                    self.started.append(lane[0].text)
                else:
                    lane.pop(0)
            if not lane:
                del self.lanes[key]


class MailboxMachine(RuleBasedStateMachine):
    """Sends, finishes, fails, cancels and lets time pass, in any order."""

    def __init__(self) -> None:
        """Open a loop of its own, whose time moves only by the rule that moves it."""
        super().__init__()
        self.loop = VirtualLoop()
        self.loop.jumps = False
        self.runner = asyncio.Runner(loop_factory=lambda: self.loop)
        self.clerk = Clerk()
        self.mailbox: Mailbox = Mailbox(self.clerk, bound=BOUND)
        self.model = Model()
        self.all: list[Expected] = []

    def teardown(self) -> None:
        """Finish what runs, close the mailbox, and find nothing left in it."""
        self.runner.run(self._drain())
        self.runner.close()
        assert (self.mailbox.held, self.mailbox._lanes, self.mailbox._running) == (0, {}, set())
        assert not self.mailbox._workers

    async def _drain(self) -> None:
        closing = asyncio.create_task(self.mailbox.close())
        while self.clerk.waiting():
            for text in self.clerk.waiting():
                self.clerk.finish(text)
            await settled()
        await closing
        await asyncio.gather(*(expected.call for expected in self.all), return_exceptions=True)

    def _settle(self) -> None:
        self.model.advance(self.loop.now)
        self.runner.run(settled())

    async def _ask(self, method: Method, request: Ask, context: Context) -> Call:
        with using(context):
            call = asyncio.create_task(self.mailbox(method, request))
        await settled()
        return call

    @rule(
        key=st.sampled_from("abc"),
        once=st.sampled_from([None, None, "k", "l"]),
        time_left=st.sampled_from([None, 0.0, 1.0, 5.0]),
    )
    def send(self, key: str, once: str | None, time_left: float | None) -> None:
        """Send a command; it is refused at once exactly when the model says so."""
        self._send(DO, key, once, time_left)

    @rule(key=st.sampled_from("abc"), time_left=st.sampled_from([None, 1.0, 5.0]))
    def ask(self, key: str, time_left: float | None) -> None:
        """Send a query; if it is not refused it starts at once."""
        self._send(LOOK, key, None, time_left)

    def _send(self, method: Method, key: str, once: str | None, time_left: float | None) -> None:
        text = f"{len(self.all)}"
        deadline = None if time_left is None else self.loop.now + time_left
        context = Context(principal=Principal(id="u"), idempotency_key=once, deadline=deadline)
        refusal = self.model.refusal(once)
        call = self.runner.run(self._ask(method, Ask(key=key, text=text), context))
        expected = Expected(text, key, once, deadline, call)
        self.all.append(expected)
        if refusal is not None:
            expected.answer = refusal.__name__
        elif method is LOOK:
            expected.started = True
            self.model.started.append(text)
            self.model.queries.append(expected)
        else:
            self.model.lanes.setdefault(key, []).append(expected)
        self._settle()

    @precondition(lambda self: self.clerk.waiting())
    @rule(data=st.data(), how=st.sampled_from(["finish", "fail", "stray"]))
    def end(self, data: st.DataObject, how: str) -> None:
        """End a call that runs: with a reply, an error, or a cancellation that nobody asked for."""
        text = data.draw(st.sampled_from(self.clerk.waiting()))
        expected = self.all[int(text)]
        if how == "stray" and expected in self.model.queries:
            how = "finish"  # a query runs in its caller's task, where the supervisor sorts this out
        answers = {"finish": f"said {text}", "fail": "NotFound", "stray": "Internal"}
        expected.answer = expected.answer or answers[how]
        if expected in self.model.queries:
            self.model.queries.remove(expected)
        else:
            assert self.model.lanes[expected.key].pop(0) is expected
        if how == "fail":
            self.clerk.fail(text, NotFound())
        else:
            getattr(self.clerk, how)(text)
        self._settle()

    @precondition(lambda self: any(expected.answer is None for expected in self.all))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Let a caller go away."""
        expected = data.draw(st.sampled_from([e for e in self.all if e.answer is None]))
        expected.answer = "cancelled"
        expected.call.cancel()
        self._settle()

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass, and deadlines with it."""
        self.loop.now += seconds
        self._settle()

    @invariant()
    def everybody_is_answered_as_promised(self) -> None:
        """Each caller has the answer that the model says, or none yet; none waits for nothing."""
        assert [_answer(expected.call) for expected in self.all] == [expected.answer for expected in self.all]

    @invariant()
    def each_key_has_one_command_at_a_time_in_order(self) -> None:
        """Commands start in the model's order within each key, and never two of one key at once."""
        commands = {e.text: e.key for e in self.all}
        for key in "abc":
            actual = [text for text in self.clerk.started if commands[text] == key]
            assert actual == [text for text in self.model.started if commands[text] == key]
        running = [e for lane in self.model.lanes.values() for e in lane if e.started] + self.model.queries
        assert sorted(self.clerk.waiting()) == sorted(e.text for e in running)

    @invariant()
    def nothing_more_is_held_than_the_model_holds(self) -> None:
        """The count, the lanes and the idempotency keys are those of the calls held."""
        assert self.mailbox.held == len(self.model.held) <= BOUND
        assert set(self.mailbox._lanes) == set(self.model.lanes)
        assert self.mailbox._running == {("u", e.once) for e in self.model.held if e.once is not None}


def _answer(call: Call) -> str | None:
    if not call.done():
        return None
    if call.cancelled():
        return "cancelled"
    error = call.exception()
    if error is not None:
        return type(error).__name__
    reply = call.result()
    assert isinstance(reply, Said)
    return f"said {reply.text}"


MailboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, print_blob=True)
TestMailboxLaws = MailboxMachine.TestCase
