import * as Certificate from "@plausch/sink/certificate";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { it } from "../support/it.ts";

const day = 24 * 60 * 60 * 1000;

it("a certificate is its own issuer, no authority, for servers, and valid from yesterday for a month", () =>
  Effect.gen(function* () {
    yield* TestClock.adjust(1000 * day);
    const { cert } = yield* Certificate.make(["sink.test", "*.wild.test", "192.0.2.1", "2001:db8::1"]);
    const read = new X509Certificate(cert);
    assertEquals([read.subject, read.issuer, read.ca], ["CN=sink.test", "CN=sink.test", false]);
    assertEquals(
      read.subjectAltName,
      "DNS:sink.test, DNS:*.wild.test, IP Address:192.0.2.1, IP Address:2001:db8::1",
    );
    assertEquals([read.validFromDate.getTime(), read.validToDate.getTime()], [999 * day, 1030 * day]);
    assert(read.verify(read.publicKey));
  }));

it("the key fits the certificate, and does not show", () =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make();
    const ours = createPublicKey(createPrivateKey(Redacted.value(certificate.key)));
    const theirs = new X509Certificate(certificate.cert).publicKey;
    assertEquals(ours.export({ type: "spki", format: "pem" }), theirs.export({ type: "spki", format: "pem" }));
    assert(!JSON.stringify(certificate).includes("PRIVATE KEY"));
  }));

it("no two are the same", () =>
  Effect.gen(function* () {
    const [one, other] = [yield* Certificate.make(), yield* Certificate.make()];
    assert(one.cert !== other.cert);
    assertEquals(new X509Certificate(one.cert).subject, "CN=localhost");
  }));

it("a certificate for nobody is one", () =>
  Effect.gen(function* () {
    const { cert } = yield* Certificate.make([]);
    assertEquals(new X509Certificate(cert).subject, "CN=plausch sink");
  }));
