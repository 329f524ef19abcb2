/** A value of a graph that is drawn, and the names of the values before it that it reads. */
export interface Drawn {
  readonly name: string;
  readonly mark: string;
  readonly reads: readonly string[];
}

/**
 * Draws a graph from top to bottom, a line for each value. A value has a lane from where it stands to its last reader:
 *
 *     ○      x
 *     ├─●    lstm    reads x
 *     ●─┘    concat  reads lstm and x
 */
export function drawGraph(values: readonly Drawn[]): readonly string[] {
  const lanes: (string | undefined)[] = [];
  return values.map(({ name, mark, reads }, index) => {
    const isRead = (value: string | undefined, from: number) =>
      value !== undefined && values.slice(from).some((later) => later.reads.includes(value));
    const read = lanes.flatMap((value, lane) => (value !== undefined && reads.includes(value) ? [lane] : []));
    const ends = read.filter((lane) => !isRead(lanes[lane], index + 1));
    const own = ends[0] ?? freeLane(lanes);
    const line = drawLine(lanes, { own, mark, read, ends });
    for (const lane of ends) lanes[lane] = undefined;
    lanes[own] = isRead(name, index + 1) ? name : undefined;
    return line;
  });
}

function freeLane(lanes: readonly (string | undefined)[]): number {
  const free = lanes.indexOf(undefined);
  return free < 0 ? lanes.length : free;
}

interface Line {
  readonly own: number;
  readonly mark: string;
  /** The lanes of the values that are read, and those of them that nothing reads later. */
  readonly read: readonly number[];
  readonly ends: readonly number[];
}

function drawLine(lanes: readonly (string | undefined)[], { own, mark, read, ends }: Line): string {
  const left = Math.min(own, ...read);
  const right = Math.max(own, ...read);
  let line = '';
  for (let lane = 0; lane < Math.max(lanes.length, own + 1); lane++) {
    const inside = lane > left && lane < right;
    if (lane === own) line += mark;
    else if (read.includes(lane)) line += joint(ends.includes(lane), lane === left, lane === right);
    else if (lanes[lane] !== undefined) line += '│';
    else line += inside ? '─' : ' ';
    line += lane >= left && lane < right ? '─' : ' ';
  }
  return line.trimEnd();
}

/** Where the lane of a value that is read meets the line to its reader. */
function joint(ends: boolean, isLeft: boolean, isRight: boolean): string {
  if (isLeft) return ends ? '└' : '├';
  if (isRight) return ends ? '┘' : '┤';
  return ends ? '┴' : '┼';
}
