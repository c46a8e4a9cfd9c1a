"""The protos are tidy, what is generated is theirs, and a change that breaks those who talk to us is refused."""

import filecmp
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from careplane_pb.events.v1.events_pb2 import EventRecord, PatientEventBody

ROOT = Path(__file__).parents[3]
PROTO = ROOT / "proto"
KIND = FieldDescriptorProto
PATIENT = "careplane_pb/patient/v1/patient.proto"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Give the script behind `make proto`."""
    spec = spec_from_file_location("generate", PROTO / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    """Give a copy of the protos, to be changed."""
    return Path(shutil.copytree(PROTO, tmp_path / "proto"))


def test_what_is_committed_is_what_the_protos_generate(tmp_path: Path) -> None:
    """Generated anew, every file is the same; if not, `make proto`."""
    command = (sys.executable, PROTO / "generate.py", "--into", tmp_path)
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert said.returncode == 0, said.stderr
    fresh, committed = tmp_path / "careplane_pb", ROOT / "transports" / "careplane_pb"
    names = {str(path.relative_to(fresh)) for path in fresh.rglob("*") if path.is_file()}
    there = {str(path.relative_to(committed)) for path in committed.rglob("*") if path.is_file()}
    assert names == {name for name in there if "__pycache__" not in name}
    assert filecmp.cmpfiles(fresh, committed, names, shallow=False)[1:] == ([], [])


def test_the_protos_are_tidy_and_break_nobody(script: ModuleType) -> None:
    """Both by buf.yaml, and against what was released last."""
    script.check()


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("string patient_id = 1;", "string patient_id = 31;", "patient_id"),
        ("string medical_record_number = 2;", "bytes medical_record_number = 2;", "medical_record_number"),
        ("  string updated_by = 25;\n", "", "updated_by"),
        ("  rpc Register(v1.RegisterPatient) returns (v1.PatientView);\n", "", "Register"),
        ("GetPatient", "AskPatient", "GetPatient"),
    ],
)
def test_a_change_that_breaks_is_refused(
    script: ModuleType, protos: Path, before: str, after: str, complaint: str
) -> None:
    """Another number, another type, and what is there no more: buf names each."""
    path = protos / PATIENT
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(SystemExit, match=complaint):
        script.run(script.BIN / "buf", "breaking", protos, "--against", script.before())


def test_a_field_more_breaks_nobody(script: ModuleType, protos: Path) -> None:
    """So that what is refused is refused for a reason."""
    path = protos / PATIENT
    path.write_text(path.read_text().replace("message GetPatient {", "message GetPatient {\n  string more = 9;", 1))
    script.check(protos)


def test_an_untidy_proto_is_refused(script: ModuleType, protos: Path) -> None:
    """A message that does not say what it is, for one."""
    path = protos / PATIENT
    path.write_text(path.read_text() + "\nmessage Unexplained {}\n")
    with pytest.raises(SystemExit, match="Unexplained"):
        script.check(protos)


def test_the_last_tag_counts_where_it_has_protos(script: ModuleType, protos: Path) -> None:
    """In a clone with tags, what was released under the last of them must not be broken; without, the image counts."""
    root = protos.parent
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")

    def git(*words: str) -> None:
        script.run("git", *identity, *words, cwd=root)

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message=nothing yet")
    git("tag", "v1")
    assert script.before(root) == str(protos / "released.binpb")
    path = protos / PATIENT
    path.write_text(path.read_text().replace("message GetPatient {", "message GetPatient {\n  string more = 9;", 1))
    git("add", ".")
    git("commit", "--quiet", "--message=protos")
    git("tag", "v2")
    assert script.before(root).endswith("#tag=v2,subdir=proto")
    path.write_text(path.read_text().replace("  string more = 9;\n", "", 1))
    with pytest.raises(SystemExit, match="more"):
        script.check(protos, root)


def test_the_sample_reads_our_records() -> None:
    """`patient.events.PatientEvent`, as the Java sample has it, parses every record, and leaves aside what is ours."""
    names = ("patientId", "name", "email", "event_type")
    fields = [
        FieldDescriptorProto(name=name, number=number, type=KIND.TYPE_STRING, label=KIND.LABEL_OPTIONAL)
        for number, name in enumerate(names, 1)
    ]
    sample = DescriptorProto(name="PatientEvent", field=fields)
    pool = DescriptorPool()
    pool.Add(FileDescriptorProto(name="s.proto", package="patient.events", syntax="proto3", message_type=[sample]))
    read = GetMessageClass(pool.FindMessageTypeByName("patient.events.PatientEvent"))
    body = PatientEventBody(patient_id="p", version=3)
    record = EventRecord(patient_id="p", event_type="PATIENT_CREATED", id="e", version=3, patient_changed=body)
    event = read.FromString(record.SerializeToString())
    assert [getattr(event, name) for name in names] == ["p", "", "", "PATIENT_CREATED"]
