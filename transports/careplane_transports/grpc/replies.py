"""How replies are packed into a batch."""

from careplane_pb.calls.v1.calls_pb2 import Error, ReplyBatch
from careplane_transports.grpc.call import PIECES
from careplane_transports.grpc.outgoing import ENVELOPE_BYTES, Outgoing


class Answer:
    """What goes back for one call: the reply, how much of it has gone out, or the error."""

    __slots__ = ("content", "error", "id", "offset")

    def __init__(self, number: int, content: bytes, error: Error | None = None) -> None:
        """Be about to go back."""
        self.id = number
        self.content = content
        self.error = error
        self.offset = 0


class Packing:
    """Packs the replies that wait into batches no larger than a message may be."""

    def __init__(self, message_bytes: int) -> None:
        """Keep to the limit."""
        self._message_bytes = message_bytes
        self._piece = message_bytes // PIECES

    def fill(self, batch: ReplyBatch, waiting: Outgoing[Answer]) -> None:
        """Take what fits off the queue."""
        items, room = waiting.items, self._message_bytes
        while items:
            answer = items[0]
            room -= ENVELOPE_BYTES + self._size(answer)
            if room < 0:
                break
            items.popleft()
            if answer.error is not None:
                batch.replies.add(id=answer.id, error=answer.error)
            elif len(answer.content) <= self._piece:
                batch.replies.add(id=answer.id, reply=answer.content)
            else:
                self._add_piece(batch, answer, waiting)

    def _size(self, answer: Answer) -> int:
        return answer.error.ByteSize() if answer.error else min(len(answer.content) - answer.offset, self._piece)

    def _add_piece(self, batch: ReplyBatch, answer: Answer, waiting: Outgoing[Answer]) -> None:
        begin = answer.offset
        answer.offset = min(begin + self._piece, len(answer.content))
        more = answer.offset < len(answer.content)
        batch.replies.add(id=answer.id, reply=answer.content[begin : answer.offset], more=more)
        if more:
            waiting.items.append(answer)
