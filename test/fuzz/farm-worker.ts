import { work } from './work.ts';

/** The mutants that misbehave, for the farm's own test. */
work<{ hang: number; fail: number; leave: number }>(({ data }) => (index) => {
  while (index === data.hang);
  if (index === data.fail) throw new Error('on purpose');
  if (index === data.leave) process.exit(0);
  return { outcome: 'good' };
});
