/** The bench of long windows, on small ones. */
import { describe, expect, it } from 'vitest';
import { benchLong, type LongReport } from '../../tools/bench/long/bench.ts';
import { describeLongMiss, describeLongRow, longMarkdown } from '../../tools/bench/long/report.ts';
import { parseOptions } from '../../tools/bench/options.ts';

const LONG = { input: 3, hidden: 5, output: 4, timesteps: 300, memoryBudget: 100_000 };
const TINY = {
  rounds: 3,
  milliseconds: 0.01,
  warmup: 1,
  untimed: 0,
  cells: ['lstm', 'gru'],
  long: LONG,
} as const;

describe('bench -- long', () => {
  let report: LongReport;

  it('times each cell within the budget and without', async () => {
    const seen: string[] = [];
    report = await benchLong(TINY, (row) => seen.push(row.cell));
    expect(seen).toEqual(['lstm', 'gru']);
    for (const { whole, within, ratio, bar, meetsBar } of report.rows) {
      expect(whole.median).toBeGreaterThan(0);
      expect(within.median).toBeGreaterThan(0);
      expect(meetsBar).toBe(ratio.median <= bar);
    }
  });

  it('says so', () => {
    const statistics = { median: 1.62, low: 1.5, high: 1.8, p99: 2 };
    const row = { ...report.rows[0]!, ratio: statistics, meetsBar: false };
    expect(describeLongRow(row)).toMatch(/^lstm 5, 300 .* 1\.62 \(1\.50–1\.80\) +1\.5 MISSED$/);
    expect(describeLongMiss(row)).toBe('lstm 5: within the budget 1.62 × the time without, at most 1.5 ×');
    expect(longMarkdown({ ...report, rows: [row] })).toMatch(
      /\| LSTM 5, 300 timesteps \| .* \| 0.1 MB: .* \| 1\.62 × \|/,
    );
  });

  it('refuses a budget that is too small', async () => {
    const options = { ...TINY, long: { ...LONG, memoryBudget: 1000 } };
    await expect(benchLong(options)).rejects.toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('takes cells and rounds', () => {
    expect(parseOptions(['long', '--cells', 'gru', '--rounds', '7', '--assert'])).toMatchObject({
      command: 'long',
      cells: ['gru'],
      rounds: 7,
      assert: true,
    });
    expect(() => parseOptions(['long', '--sizes', '2'])).toThrow('--sizes is no option of long');
  });
});
