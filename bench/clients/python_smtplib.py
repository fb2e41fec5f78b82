# smtplib of Python: one connection, one message after the other, the message as it is.
import json
import resource
import smtplib
import sys
import time

job = json.loads(sys.argv[1])
with open(job["file"], "rb") as file:
    message = file.read()


def connect():
    return smtplib.SMTP("127.0.0.1", job["port"], local_hostname=job["host"])


def send(client):
    refused = client.sendmail(job["from"], job["to"], message)
    return 0 if refused else 1


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


before = resource.getrusage(resource.RUSAGE_SELF)
begin = time.perf_counter()
accepted = 0
if job["mode"] == "connect":
    for _ in range(job["messages"]):
        client = connect()
        accepted += send(client)
        client.quit()
else:
    client = connect()
    for _ in range(job["messages"]):
        accepted += send(client)
seconds = time.perf_counter() - begin
after = resource.getrusage(resource.RUSAGE_SELF)
if job["mode"] != "connect":
    client.quit()
print(json.dumps({
    "accepted": accepted,
    "seconds": seconds,
    "user": after.ru_utime - before.ru_utime,
    "system": after.ru_stime - before.ru_stime,
    "startUp": before.ru_utime + before.ru_stime,
    "peak": peak(),
}))
