import { assertEquals } from "@std/assert";
import * as MtaStsRecord from "@plausch/mx/mta-sts-record";
import * as Result from "effect/Result";

const good: ReadonlyArray<readonly [text: string, id: string]> = [
  ["v=STSv1; id=20160831085700Z;", "20160831085700Z"],
  ["v=STSv1;id=1", "1"],
  ["v=STSv1 ;\tid=1\t;", "1"],
  ["v=STSv1; later=!~:<>; id=1; x.y_z-0=more", "1"],
  ["v=STSv1; id=1; id=2", "1"],
  ["v=STSv1; id=1; id=!", "1"],
  ["v=STSv1; ID=2; id=1", "1"],
  [`v=STSv1; id=${"a".repeat(32)};`, "a".repeat(32)],
];

for (const [text, id] of good) {
  Deno.test(`MTA-STS record: "${text}"`, () => {
    assertEquals(MtaStsRecord.parse("d.test", text), Result.succeed({ id }));
  });
}

const bad: ReadonlyArray<readonly [text: string, detail: string]> = [
  ["", 'it does not begin with "v=STSv1;": ""'],
  ["v=STSv1 id 1", 'it does not begin with "v=STSv1;": "v=STSv1 id 1"'],
  ["v=STSv1", 'it does not begin with "v=STSv1;": "v=STSv1"'],
  ["v=STSv2; id=1", 'it does not begin with "v=STSv1;": "v=STSv2; id=1"'],
  ["v=stsv1; id=1", 'it does not begin with "v=STSv1;": "v=stsv1; id=1"'],
  [" v=STSv1; id=1", 'it does not begin with "v=STSv1;": " v=STSv1; id=1"'],
  ["id=1; v=STSv1;", 'it does not begin with "v=STSv1;": "id=1; v=STSv1;"'],
  ["v=STSv1;", 'it has no id: "v=STSv1;"'],
  ["v=STSv1; later=more", 'it has no id: "v=STSv1; later=more"'],
  ["v=STSv1; id=", '"id=" is no field like name=value'],
  ["v=STSv1; id=1;;", '"" is no field like name=value'],
  ["v=STSv1; id=1 2", '"id=1 2" is no field like name=value'],
  ["v=STSv1; id=1; a=b=c", '"a=b=c" is no field like name=value'],
  ["v=STSv1; id=1; ü=1", '"ü=1" is no field like name=value'],
  ["v=STSv1; id=1; a=ü", '"a=ü" is no field like name=value'],
  [`v=STSv1; id=1; ${"a".repeat(33)}=1`, `"${"a".repeat(33)}=1" is no field like name=value`],
  ["v=STSv1; id=2026-08-01", 'the id "2026-08-01" is not 1 to 32 letters and digits'],
  [`v=STSv1; id=${"a".repeat(33)};`, `the id "${"a".repeat(33)}" is not 1 to 32 letters and digits`],
  ["v=STSv1; id=\x1b[2J", '"id=\\u{1B}[2J" is no field like name=value'],
];

for (const [text, detail] of bad) {
  Deno.test(`no MTA-STS record: ${JSON.stringify(text)}`, () => {
    const error = Result.getOrThrow(Result.flip(MtaStsRecord.parse("d.test", text)));
    assertEquals(error.reason, "BadRecord");
    assertEquals(error.detail, detail.replace("\\u{1B}", "\\u001b"));
    assertEquals(error.resultType, undefined);
  });
}

const selections: ReadonlyArray<readonly [name: string, texts: ReadonlyArray<string>, found: string | undefined]> = [
  ["nothing", [], undefined],
  ["other texts", ["hello", "v=spf1 -all"], undefined],
  ["one among other texts", ["hello", "v=STSv1; id=1;", "v=spf1 -all"], "1"],
  ["one beside one of another version", ["v=STSv2; id=2;", "v=STSv1; id=1;"], "1"],
  ["two", ["v=STSv1; id=1;", "v=STSv1; id=2;"], "SeveralRecords"],
  ["twice the same", ["v=STSv1; id=1;", "v=STSv1; id=1;"], "SeveralRecords"],
  ["two, one of them broken", ["v=STSv1; id=1;", "v=STSv1; id"], "SeveralRecords"],
  ["one that is broken", ["v=STSv1; id"], "BadRecord"],
  ["one that tries to be one", ["v=STSv1 id 1"], "BadRecord"],
];

for (const [name, texts, found] of selections) {
  Deno.test(`MTA-STS record among: ${name}`, () => {
    const result = Result.match(MtaStsRecord.select("d.test", texts), {
      onFailure: ({ reason }) => reason as string,
      onSuccess: (record) => record?.id,
    });
    assertEquals(result, found);
  });
}
