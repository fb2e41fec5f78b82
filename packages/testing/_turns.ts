import * as Notation from "./_notation.ts";
import type { ClientStep, Script, ServerStep, Step } from "./transcript.ts";

/** Neighbouring steps of one side become one, and cuts that cut nothing go. */
export const joined = (steps: Iterable<Step>): Script => {
  const script: Array<Step> = [];
  let turn: Array<ServerStep | ClientStep> = [];
  const endTurn = () => {
    const [first] = turn;
    if (first === undefined) return;
    const octets = Notation.concat(turn.map((step) => step.octets));
    const cuts = new Set<number>();
    let at = 0;
    for (const step of turn) {
      if (step._tag === "Server") { for (const cut of step.cuts) cuts.add(at + cut); }
      at += step.octets.length;
    }
    turn = [];
    if (octets.length === 0) return;
    if (first._tag === "Client") return void script.push({ _tag: "Client", octets });
    const inside = [...cuts].filter((cut) => cut > 0 && cut < octets.length).sort((one, other) => one - other);
    script.push({ _tag: "Server", octets, cuts: inside });
  };
  for (const step of steps) {
    if (step._tag !== turn[0]?._tag) endTurn();
    if (step._tag === "Server" || step._tag === "Client") turn.push(step);
    else script.push(step);
  }
  endTurn();
  return script;
};
