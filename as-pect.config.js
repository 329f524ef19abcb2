/** as-pect runs what no export of the module reaches; `npm test` runs it for both builds (tools/build/test.mjs). */
export default {
  entries: ['test/assembly/**/*.spec.ts'],
  include: ['node_modules/@as-pect/assembly/assembly/index.ts'],
  disclude: [/node_modules/],
  instantiate: (memory, createImports, instantiate, binary) =>
    instantiate(binary, createImports({ env: { memory } })),
  outputBinary: false,
};
