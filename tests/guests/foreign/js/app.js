// An actor as somebody writes it who knows componentize-js and nothing of Kelpie.

const operations = {
  now: () => Date.now() * 1e6,
  random: () => Array.from(crypto.getRandomValues(new Uint8Array(16))).join(),
  say: (text) => {
    console.log(text);
    console.error("complaint");
    return null;
  },
  crash: (text) => {
    throw new Error(text);
  },
};

export const handler = {
  describe: () => JSON.stringify({ operations: [{ name: "now" }] }),
  invoke: (operation, argument) => ({
    tag: "text",
    val: JSON.stringify(operations[operation](argument.val)),
  }),
};
