/**
 * Lets the host do what it has waiting (events, painting, timers, other requests), then goes on. A promise alone would
 * not: its callbacks run before anything else gets its turn.
 */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    // Node, Deno and Bun; their message ports may take a thousand messages before a timer gets its turn.
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
    } else if (typeof MessageChannel === 'function') {
      // Pages and Web Workers, where a chain of timers waits 4 ms each time.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else {
      setTimeout(resolve, 0);
    }
  });
}

/**
 * Milliseconds since some moment. A clock may be coarse, and in Cloudflare Workers it stands still while a program
 * computes: nothing may depend on it but how often something happens.
 */
export function milliseconds(): number {
  return typeof performance === 'object' ? performance.now() : Date.now();
}
