#!/usr/bin/python3
"""What bench/run compares the backfill with: row_by_row.py URI SESSIONS

The script that is written when goals have to be made from sessions and nothing better is at hand: SQLAlchemy's
objects, one session after the other, a query for each item whether it is there already, a commit for each
session, so that one that fails takes no other with it.
"""

import sys
import uuid

from sqlalchemy import Column, DateTime, ForeignKey, String, Text, create_engine, func, select
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(UUID(as_uuid=True), primary_key=True)
    email = Column(String)


class TherapySession(Base):
    __tablename__ = "therapy_sessions"
    id = Column(UUID(as_uuid=True), primary_key=True)
    patient_id = Column(UUID(as_uuid=True), ForeignKey("users.id"))
    therapist_id = Column(UUID(as_uuid=True), ForeignKey("users.id"))
    session_date = Column(DateTime)
    extracted_notes = Column(JSONB)


class TreatmentGoal(Base):
    __tablename__ = "treatment_goals"
    id = Column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4)
    patient_id = Column(UUID(as_uuid=True), ForeignKey("users.id"))
    therapist_id = Column(UUID(as_uuid=True), ForeignKey("users.id"))
    session_id = Column(UUID(as_uuid=True), ForeignKey("therapy_sessions.id"))
    description = Column(Text)
    category = Column(String(50))
    status = Column(String(20))
    created_at = Column(DateTime)


def backfill(database, limit):
    counts = {"created": 0, "duplicate": 0, "invalid": 0, "errors": 0}
    # Only the keys at first: the rows themselves would be stale by the time that they are reached.
    for key in database.scalars(select(TherapySession.id).order_by(TherapySession.id).limit(limit)).all():
        session = database.get(TherapySession, key)
        notes = session.extracted_notes
        items = notes.get("action_items") if isinstance(notes, dict) else None
        if items is None:
            continue
        if not isinstance(items, list):
            counts["invalid"] += 1
            continue
        before = dict(counts)
        try:
            for item in items:
                task = item.get("task") if isinstance(item, dict) else None
                if task is None or isinstance(task, (dict, list)) or not str(task).strip():
                    counts["invalid"] += 1
                    continue
                exists = database.query(
                    database.query(TreatmentGoal).filter_by(patient_id=session.patient_id, description=str(task)).exists()
                ).scalar()
                if exists:
                    counts["duplicate"] += 1
                    continue
                database.add(TreatmentGoal(
                    patient_id=session.patient_id, therapist_id=session.therapist_id, session_id=session.id,
                    description=str(task), category=item.get("category"), status="assigned", created_at=session.session_date))
                database.flush()
                counts["created"] += 1
            database.commit()
        except SQLAlchemyError as problem:
            database.rollback()
            counts = {**before, "errors": before["errors"] + 1}
            print(f"{key}: {problem}", file=sys.stderr)
    return counts


def main():
    engine = create_engine(sys.argv[1].replace("postgresql:", "postgresql+psycopg2:", 1))
    with Session(engine) as database:
        counts = backfill(database, int(sys.argv[2]))
        print(counts, database.scalar(select(func.count()).select_from(TreatmentGoal)))


main()
