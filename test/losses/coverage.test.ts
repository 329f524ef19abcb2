/** That nothing is missing: every loss of the table with every option, and every cell, has its golden cases. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { LOSSES, type LossName, lossDefinition, readLoss } from '../../src/train/losses/table.ts';
import { variantsOf } from '../contract/table.ts';
import { lossFixtures, lossOptions } from '../golden/losses.ts';

const fixtures = lossFixtures();
const tried = lossOptions();

/** The types of nodes that have a hidden state. */
function cells(): string[] {
  const hasHidden = (type: string) =>
    variantsOf({ [type]: 1 })[0]![1].some(({ definition }) => {
      const { hidden } = inferShapes(definition);
      return definition.graph.nodes.some(({ name, type: own }) => own === type && hidden.has(name));
    });
  return Object.keys(NODE_KINDS).filter(hasHidden);
}

it('the table of losses and the options that are tried have the same losses', () => {
  expect(Object.keys(tried).sort()).toEqual(Object.keys(LOSSES).sort());
});

it('the table names every loss of the module', () => {
  const source = readFileSync(new URL('../../assembly/shared/codes.ts', import.meta.url), 'utf8');
  const [, body] = /enum Loss \{([^}]*)\}/.exec(source)!;
  const codes = [...body!.matchAll(/\w+ = (\d+)/g)].map(([, code]) => Number(code));
  const found = Object.values(LOSSES).map(({ code }) => Number(code));
  expect(found.sort()).toEqual(codes.sort());
});

it('five types of nodes are cells', () => {
  expect(cells()).toEqual(['rnn', 'lstm', 'gru', 'mingru', 'minlstm']);
});

describe.each(Object.keys(LOSSES) as LossName[])('%s', (type) => {
  const options = Object.keys(lossDefinition(type).options);

  it.each(['defaults', ...options])('%s', (option) => {
    const defaults = readLoss(type) as unknown as Record<string, unknown>;
    const changes = tried[type].map((given) =>
      Object.entries(readLoss({ type, ...given }))
        .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]))
        .map(([name]) => name),
    );
    const alone = option === 'defaults' ? [] : [option];
    expect(changes, 'it is tried, and nothing else with it').toContainEqual(alone);
  });

  it('every choice of options has a case of PyTorch with every cell, and at the logits', () => {
    for (const given of tried[type]) {
      const of = fixtures.filter(({ loss }) => JSON.stringify(loss) === JSON.stringify({ type, ...given }));
      expect(new Set(of.map(({ model }) => model)), JSON.stringify(given)).toEqual(
        new Set(['logits', ...cells()]),
      );
    }
  });
});

it('a case of PyTorch is of what its name says', () => {
  for (const { name, model, definition } of fixtures) {
    const types = definition.graph.nodes.map(({ type }) => type as string);
    expect(types, name).toContain(model === 'logits' ? 'embedding' : model);
    expect(types.length).toBe(model === 'logits' ? 1 : 2);
  }
});
