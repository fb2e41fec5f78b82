import * as Notation from "./_notation.ts";
import type { ClientStep, Script, ServerStep, Step } from "./transcript.ts";

const sorted = (offsets: Iterable<number>): ReadonlyArray<number> =>
  [...new Set(offsets)].sort((one, other) => one - other);

/** Neighbouring steps of one side become one, and cuts that cut nothing go. */
export const joined = (steps: Iterable<Step>): Script => {
  const script: Array<Step> = [];
  let turn: Array<ServerStep | ClientStep> = [];
  const endTurn = () => {
    const [first] = turn;
    if (first === undefined) return;
    const octets = Notation.concat(turn.map((step) => step.octets));
    const cuts: Array<number> = [];
    const gaps: Array<number> = [];
    let at = 0;
    for (const step of turn) {
      if (step._tag === "Server") { for (const cut of step.cuts) cuts.push(at + cut); }
      for (const gap of step.gaps) gaps.push(at + gap);
      at += step.octets.length;
    }
    turn = [];
    if (octets.length === 0) return;
    if (first._tag === "Client") return void script.push({ _tag: "Client", octets, gaps: sorted(gaps) });
    const inside = cuts.filter((cut) => cut > 0 && cut < octets.length);
    script.push({ _tag: "Server", octets, cuts: sorted(inside), gaps: sorted(gaps) });
  };
  for (const step of steps) {
    if (step._tag !== turn[0]?._tag) endTurn();
    if (step._tag === "Server" || step._tag === "Client") turn.push(step);
    else script.push(step);
  }
  endTurn();
  return script;
};
