"""The application of the common stack: registering, reading, listing, searching and changing patients."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from benchmarks.systems.common_models import Account, AuditEntry, OutboxEvent, Patient, Table
from benchmarks.systems.common_shapes import NewPatient, PatientChange, PatientList, PatientShown
from benchmarks.systems.common_tokens import Caller
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response, status
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm.exc import StaleDataError
from uuid_utils.compat import uuid7

CONNECTIONS = 16


def application(database: str, secret: str) -> FastAPI:
    """Return the application on a database, whose tables it makes where they are not there."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_async_engine(database, pool_size=CONNECTIONS, max_overflow=0, connect_args={"timeout": 10})
        async with engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        app.state.secret = secret
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(title="Patients", lifespan=lifespan)
    app.get("/health/ready")(ready)
    app.post("/api/patients", status_code=201, response_model=PatientShown)(register)
    app.get("/api/patients", response_model=PatientList)(search)
    app.get("/api/patients/{patient_id}", response_model=PatientShown)(read)
    app.patch("/api/patients/{patient_id}", response_model=PatientShown)(change)
    return app


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """Lend a session for a request."""
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of)]


async def ready(session: Session) -> dict[str, str]:
    """Say whether the database answers."""
    await session.execute(text("SELECT 1"))
    return {"status": "UP"}


async def register(new: NewPatient, session: Session, caller: Caller, response: Response) -> Patient:
    """Register a patient, with an account, an event and an audit row in one transaction."""
    now = _now()
    patient = Patient(
        id=uuid7(),
        name=new.name,
        email=new.email,
        address=new.address,
        date_of_birth=new.date_of_birth,
        registered_date=new.registered_date or now.date(),
        created_at=now,
        updated_at=now,
        updated_by=caller,
    )
    account = Account(id=uuid7(), patient=patient, status="ACTIVE", currency="USD", balance_minor=0, opened_at=now)
    session.add_all([account, _event(patient, 1, "registered"), _audit(caller, "register", patient.id)])
    try:
        await session.commit()
    except IntegrityError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, "This e-mail address is taken.") from error
    response.headers["Location"] = f"/api/patients/{patient.id}"
    response.headers["ETag"] = _etag(patient)
    return patient


async def read(patient_id: uuid.UUID, session: Session, caller: Caller, response: Response) -> Patient:
    """Return a patient, once it is in the audit who has seen it."""
    patient = await _patient(session, patient_id)
    session.add(_audit(caller, "read", patient_id))
    await session.commit()
    response.headers["ETag"] = _etag(patient)
    return patient


async def search(
    session: Session,
    caller: Caller,
    *,
    name: str | None = None,
    email: str | None = None,
    date_of_birth: Annotated[dt.date | None, Query(alias="dateOfBirth")] = None,
    identifier: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: uuid.UUID | None = None,
) -> dict[str, Any]:
    """Return a page of the patients that meet every condition, once it is in the audit who was shown."""
    wanted = select(Patient).order_by(Patient.id).limit(limit + 1)
    for word in (name or "").split():
        wanted = wanted.where(Patient.name.icontains(word, autoescape=True))
    if email:
        wanted = wanted.where(Patient.email == email)
    if date_of_birth:
        wanted = wanted.where(Patient.date_of_birth == date_of_birth)
    if identifier:
        wanted = wanted.where(Patient.medical_record_number == identifier)
    if cursor:
        wanted = wanted.where(Patient.id > cursor)
    found = (await session.scalars(wanted)).all()
    shown = found[:limit]
    session.add(_audit(caller, "search", None, {"patients": [str(patient.id) for patient in shown]}))
    await session.commit()
    return {"patients": shown, "next_cursor": str(shown[-1].id) if len(found) > limit else None}


async def change(
    patient_id: uuid.UUID,
    wanted: PatientChange,
    session: Session,
    caller: Caller,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> Patient:
    """Change some fields of a patient, if it is still the version that the caller has seen."""
    patient = await _patient(session, patient_id)
    if if_match is not None and if_match != _etag(patient):
        raise HTTPException(status.HTTP_412_PRECONDITION_FAILED, "Somebody has changed this patient. Read it again.")
    for name, value in wanted.model_dump(exclude_unset=True).items():
        setattr(patient, name, value)
    patient.updated_at, patient.updated_by = _now(), caller
    try:
        await session.flush()
    except StaleDataError as error:
        raise HTTPException(status.HTTP_412_PRECONDITION_FAILED, "Somebody else was faster. Read it again.") from error
    except IntegrityError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, "This e-mail address is taken.") from error
    session.add_all([_event(patient, patient.version, "changed"), _audit(caller, "change", patient_id)])
    await session.commit()
    response.headers["ETag"] = _etag(patient)
    return patient


async def _patient(session: AsyncSession, patient_id: uuid.UUID) -> Patient:
    patient = await session.get(Patient, patient_id)
    if patient is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such patient.")
    return patient


def _event(patient: Patient, version: int, change: str) -> OutboxEvent:
    body = {"birthYear": patient.date_of_birth.year, "change": change, "registeredDate": str(patient.registered_date)}
    return OutboxEvent(
        id=uuid7(),
        type=f"patient.{change}",
        subject=patient.id,
        version=version,
        time=patient.updated_at,
        body=body,
    )


def _audit(caller: str, action: str, subject: uuid.UUID | None, detail: dict[str, Any] | None = None) -> AuditEntry:
    return AuditEntry(caller=caller, action=action, subject=subject, detail=detail)


def _etag(patient: Patient) -> str:
    return f'"v{patient.version}"'


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
