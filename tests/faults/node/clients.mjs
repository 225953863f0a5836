// Subscribers as a browser would run them: graphql-ws by its documented recipe, one JSON line for each thing that happens.
// Usage: node clients.mjs '{"urls": [...], "document": "...", "clients": [{"name", "token", "after", "variables"}]}'
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const given = JSON.parse(process.argv[2]);
const say = (client, event, more = {}) => process.stdout.write(JSON.stringify({ client, event, ...more }) + '\n');
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

for (const [place, { name, token, after, variables }] of given.clients.entries()) {
  const store = { cursor: after };
  let turn = place;
  const client = createClient({
    // The next address at each attempt, as a load balancer would do.
    url: () => given.urls[turn++ % given.urls.length],
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (retries) => sleep(Math.min(1000, 50 * 2 ** retries) * (0.5 + Math.random())),
    on: {
      closed: ({ code, reason }) => say(name, 'closed', { code, reason }),
      error: (error) => say(name, 'failed', { message: String(error?.message ?? error) }),
    },
  });
  const subscribe = () => {
    const again = async () => {
      await sleep(200);
      subscribe();
    };
    client.subscribe(
      {
        query: given.document,
        variables: {
          ...variables,
          // Read anew whenever the library connects: it keeps this object and writes it out each time.
          get after() {
            say(name, 'subscribe', { after: store.cursor });
            return store.cursor;
          },
        },
      },
      {
        next: ({ data, errors }) => {
          if (errors) say(name, 'errors', { errors });
          // Without data this throws, and the library connects again after the stored cursor.
          const [batch] = Object.values(data);
          if (errors) throw new Error('a batch with errors');
          say(name, 'next', { batch });
          store.cursor = batch.cursor;
        },
        error: (errors) => {
          say(name, 'error', { errors: String(JSON.stringify(errors)) });
          void again();
        },
        complete: () => {
          say(name, 'complete');
          void again();
        },
      },
    );
  };
  subscribe();
}
