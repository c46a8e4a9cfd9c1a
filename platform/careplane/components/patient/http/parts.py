"""What the handlers of the registry share: their tag in the documentation, and how a changed patient is answered."""

from typing import Final

from careplane.components.patient.api import PatientView
from careplane.web.etags import etag
from careplane.web.reply import Reply

TAGS: Final = ["Patients"]


def changed(view: PatientView) -> Reply[PatientView]:
    """Answer with a patient and the ETag of its version."""
    return Reply(view, headers=((b"etag", etag(view.version)),))
