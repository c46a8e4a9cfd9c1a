"""The tables of the common stack: patients, their billing accounts, the outbox of events, and the audit."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Instant = TIMESTAMP(timezone=True)


class Table(AsyncAttrs, DeclarativeBase):
    """What all tables have in common."""

    type_annotation_map = {dt.datetime: Instant, dict[str, Any]: JSONB}  # noqa: RUF012 - as SQLAlchemy wants it


class Patient(Table):
    """A patient; the version is checked at each change."""

    __tablename__ = "patients"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    medical_record_number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    version: Mapped[int] = mapped_column(nullable=False)
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    address: Mapped[str] = mapped_column(String(500))
    date_of_birth: Mapped[dt.date] = mapped_column(index=True)
    registered_date: Mapped[dt.date] = mapped_column(index=True)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    updated_by: Mapped[str]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - likewise


class Account(Table):
    """The billing account of a patient."""

    __tablename__ = "accounts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Patient.id), unique=True)
    status: Mapped[str] = mapped_column(String(10))
    currency: Mapped[str] = mapped_column(String(3))
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[dt.datetime]
    patient: Mapped[Patient] = relationship()


class OutboxEvent(Table):
    """An event that is still to be sent."""

    __tablename__ = "outbox"

    seq: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    id: Mapped[uuid.UUID]
    type: Mapped[str]
    subject: Mapped[uuid.UUID]
    version: Mapped[int]
    time: Mapped[dt.datetime]
    body: Mapped[dict[str, Any]]


class AuditEntry(Table):
    """Who did what to whom."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    caller: Mapped[str]
    action: Mapped[str]
    subject: Mapped[uuid.UUID | None]
    detail: Mapped[dict[str, Any] | None]


Index("patients_name", func.lower(Patient.name), Patient.id)
Index("audit_subject", AuditEntry.subject, AuditEntry.at, AuditEntry.id)
Index("audit_caller", AuditEntry.caller, AuditEntry.at, AuditEntry.id)
