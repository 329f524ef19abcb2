/** The largest size of an input or a node, and so the largest vocabulary. */
export const MAX_SIZE = 65536;
