// BullMQ at its best with jobs that do nothing: bulk adds, jobs removed when done, many at once in the worker. Jobs that are
// added one by one are done meanwhile.
// Usage: node queue.mjs REDIS_URL JOBS BATCH
import { Queue, Worker } from 'bullmq';

const [url, jobs, batch] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const { hostname: host, port } = new URL(url);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const ADDERS = batch === 1 ? 64 : 8;
const CONCURRENCY = 256;
const options = { removeOnComplete: true, removeOnFail: true };

const queue = new Queue('bench', { connection, defaultJobOptions: options });
await queue.waitUntilReady();
await queue.obliterate({ force: true });

let next = 0;
async function add() {
  while (next < jobs) {
    const first = next;
    next = Math.min(first + batch, jobs);
    if (batch === 1) {
      await queue.add('nothing', { subject: first });
    } else {
      await queue.addBulk(
        Array.from({ length: next - first }, (_, at) => ({ name: 'nothing', data: { subject: first + at } })),
      );
    }
  }
}
const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

let done = 0;
let finished;
const all = new Promise((resolve) => { finished = resolve; });
function start() {
  const worker = new Worker('bench', async () => {}, { connection, concurrency: CONCURRENCY });
  worker.on('completed', () => {
    done += 1;
    if (done === jobs) finished();
  });
  return worker;
}

let began = process.hrtime.bigint();
let worker = batch === 1 ? start() : undefined;
await Promise.all(Array.from({ length: ADDERS }, add));
const enqueued = jobs / seconds(began);
if (worker === undefined) {
  began = process.hrtime.bigint();
  worker = start();
}
await all;
const drained = jobs / seconds(began);
console.log(JSON.stringify({ enqueued_per_second: enqueued, jobs_per_second: drained }));
await worker.close(true);
await queue.close();
process.exit(0);
