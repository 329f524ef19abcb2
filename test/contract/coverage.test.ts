/** That nothing is missing: every type of node has variants, and they need every operation of a plan. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { parseGraph } from '../../src/graph/parse.ts';
import { allNodes } from '../../src/graph/reads.ts';
import { planModel } from '../../src/plan/plan.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { VARIANTS, variantsOf } from './table.ts';

describe.each(variantsOf(NODE_KINDS))('%s', (type, variants) => {
  it('has variants, which contain it, with names of their own', () => {
    expect(variants.length).toBeGreaterThan(0);
    for (const { name, definition } of variants)
      expect(
        allNodes(definition.graph).map((node) => node.type),
        name,
      ).toContain(type);
    expect(new Set(variants.map(({ name }) => name)).size).toBe(variants.length);
  });

  it.each(variants.map((each) => [each.name, each] as const))('%s is the same as JSON', (_, {
    definition,
  }) => {
    expect(parseGraph(JSON.parse(JSON.stringify(definition.graph)))).toEqual(definition.graph);
  });
});

it('every type of node is known', () => {
  expect(Object.keys(NODE_KINDS).sort()).toEqual(Object.keys(VARIANTS).sort());
});

it('the plans of the variants contain every operation', () => {
  const all = Object.values(VARIANTS).flat();
  const codes = all.flatMap(({ definition }) => [
    ...planModel(definition).ops,
    ...planModel(quantize(definition, { weights: 'int8' }).definition).ops,
  ]);
  const found = new Set(codes.map(({ code }) => Number(code)));
  const missing = [...opCodes()].filter(([, code]) => !found.has(code)).map(([name]) => name);
  expect(missing).toEqual([]);
});

/** A const enum is not there at run time: its members by name, from the source. */
function opCodes(): Map<string, number> {
  const source = readFileSync(new URL('../../assembly/shared/codes.ts', import.meta.url), 'utf8');
  const [, body] = /enum OpCode \{([^}]*)\}/.exec(source)!;
  const members = [...body!.matchAll(/(\w+) = (\d+)/g)];
  expect(members.length).toBeGreaterThan(40);
  return new Map(members.map(([, name, code]) => [name!, Number(code)]));
}
