// The peer: the live feed of the same schema slice on Node, as one writes it with graphql-ws, ws, graphql-js and
// ioredis. Events come from Redis pub/sub, every subscription is one async iterator, and every subscriber's right
// to see an event is decided in the process by the scopes of its viewer. There is no log: `after` is ignored.
//
// Environment: PORT, REDIS_URL, CHANNEL, VIEWERS (a JSON file: token -> {"person": id, "scopes": [...]}).

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema, validateSchema } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';

const { PORT, REDIS_URL, CHANNEL, VIEWERS } = process.env;

const schema = buildSchema(/* GraphQL */ `
  scalar Cursor
  scalar DateTime
  enum ChangeKind { OBJECTIVE KEY_RESULT CHECK_IN CONFIDENCE ALIGNMENT_LINK COMMENT CYCLE TEAM PERSON ACCESS }
  enum CommentKind { COMMENT QUESTION CONCERN SUGGESTION SUPPORT DECISION }
  enum ResyncReason { EPOCH_CHANGED AHEAD_OF_LOG EXPIRED TOO_FAR BULK_CHANGE }
  input ChangeFilter {
    kinds: [ChangeKind!]
    underRootId: ID
    entityIds: [ID!]
    excludeOwn: Boolean
  }
  type Person { id: ID! name: String! }
  type Objective { id: ID! version: Int! progress: Float }
  type KeyResult { id: ID! version: Int! progress: Float confidence: Int currentValue: Float! }
  type Comment { id: ID! version: Int! kind: CommentKind! body: String! createdAt: DateTime! author: Person! }
  type ObjectiveChanged { cursor: Cursor! at: DateTime! clientMutationId: ID objective: Objective! }
  type KeyResultChanged { cursor: Cursor! at: DateTime! clientMutationId: ID keyResult: KeyResult! }
  type ConfidenceChanged {
    cursor: Cursor! at: DateTime! clientMutationId: ID
    keyResult: KeyResult! confidenceBefore: Int confidenceAfter: Int!
  }
  type CommentChanged { cursor: Cursor! at: DateTime! clientMutationId: ID subjectId: ID! comment: Comment! }
  type EntityRemoved { cursor: Cursor! entityId: ID! }
  type Checkpoint { cursor: Cursor! }
  type Resync { cursor: Cursor! reason: ResyncReason! }
  union Change = ObjectiveChanged | KeyResultChanged | ConfidenceChanged | CommentChanged | EntityRemoved
    | Checkpoint | Resync
  type ChangeBatch { cursor: Cursor! changes: [Change!]! replay: Boolean! conflated: Boolean! }
  type Query { version: String! }
  type Subscription { changes(after: Cursor, filter: ChangeFilter): ChangeBatch! }
`);
validateSchema(schema);

const KINDS = {
  ObjectiveChanged: 'OBJECTIVE',
  KeyResultChanged: 'KEY_RESULT',
  ConfidenceChanged: 'CONFIDENCE',
  CommentChanged: 'COMMENT',
};

const viewers = new Map(
  Object.entries(JSON.parse(readFileSync(VIEWERS, 'utf8'))).map(([token, viewer]) => [
    token,
    { person: viewer.person, scopes: new Set(viewer.scopes) },
  ]),
);

// One subscriber's queue of what it may see, as an async iterator.
class Subscriber {
  #ready = [];
  #waiting = [];
  #done = false;

  constructor(first, sees, onEnd) {
    this.#ready.push(first);
    this.sees = sees;
    this.onEnd = onEnd;
  }

  push(value) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ value, done: false });
    else this.#ready.push(value);
  }

  async next() {
    if (this.#ready.length) return { value: this.#ready.shift(), done: false };
    if (this.#done) return { value: undefined, done: true };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return() {
    this.#done = true;
    this.#ready = [];
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
    this.onEnd(this);
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

const subscribers = new Set();
let position = 0;
const cursorAt = (at) => Buffer.from(`v1|${CHANNEL}|0123456789abcdef|${at}`).toString('base64url');
const batch = (at, changes) => ({ cursor: cursorAt(at), changes, replay: false, conflated: false });

// Parsed and shaped once for all subscribers.
function publish(message) {
  const event = JSON.parse(message);
  position = event.position;
  const cursor = cursorAt(position);
  const change = {
    __typename: event.kind,
    cursor,
    at: event.at,
    clientMutationId: event.mutationId,
    ...event.body,
  };
  const payload = { changes: batch(position, [change]) };
  for (const subscriber of subscribers) if (subscriber.sees(event)) subscriber.push(payload);
}

function isVisible(event, scopes) {
  for (const scope of event.acl) if (scopes.has(scope)) return true;
  return false;
}

function isWanted(event, filter, viewer) {
  if (!filter) return true;
  if (filter.kinds && !filter.kinds.includes(KINDS[event.kind])) return false;
  if (filter.underRootId && !event.path.includes(filter.underRootId)) return false;
  if (filter.entityIds && !filter.entityIds.includes(event.entityId)) return false;
  return !(filter.excludeOwn && event.actorId === viewer.person);
}

function changes({ filter }, { viewer }) {
  const subscriber = new Subscriber(
    { changes: batch(position, [{ __typename: 'Checkpoint', cursor: cursorAt(position) }]) },
    (event) => isVisible(event, viewer.scopes) && isWanted(event, filter, viewer),
    (ended) => subscribers.delete(ended),
  );
  subscribers.add(subscriber);
  return subscriber;
}

const http = createServer((_, response) => response.end('ok'));
const sockets = new WebSocketServer({ server: http, path: '/graphql' });
useServer(
  {
    schema,
    roots: { subscription: { changes } },
    onConnect: ({ connectionParams, extra }) => {
      const token = String(connectionParams?.Authorization ?? '').replace(/^Bearer /, '');
      extra.viewer = viewers.get(token);
      if (!extra.viewer) extra.socket.close(CloseCode.Forbidden, 'Forbidden');
      return Boolean(extra.viewer);
    },
    context: ({ extra }) => ({ viewer: extra.viewer }),
  },
  sockets,
);

const redis = new Redis(REDIS_URL);
redis.on('message', (_, message) => publish(message));
await redis.subscribe(CHANNEL);
http.listen({ port: Number(PORT), host: '127.0.0.1', backlog: 2048 });
process.on('SIGTERM', () => process.exit(0));
