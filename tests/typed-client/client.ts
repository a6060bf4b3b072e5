// What a program does that was written against the document alone: sign in, browse, order, and watch the order.
// The compiler checks every path, parameter, body and field against openapi/openapi.json.
import createClient from 'openapi-fetch';
import type { paths } from './schema.js';

declare const process: { env: Record<string, string | undefined>; exitCode: number };

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function must<T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

const client = createClient<paths>({ baseUrl: variable('SERVER_URL') });
let cookie: string | undefined;
client.use({
  onRequest({ request }) {
    if (cookie !== undefined) request.headers.set('cookie', cookie);
    return request;
  },
});

const signedIn = await client.POST('/api/auth/sign-in/email', {
  body: { email: variable('EMAIL'), password: variable('PASSWORD') },
});
const answer = must('sign-in', signedIn);
if (!('user' in answer)) throw new Error('a second factor is asked for');
const { user } = answer;
cookie = signedIn.response.headers.getSetCookie().find((it) => it.startsWith('better-auth.session_token='))?.split(';')[0];
if (user.email !== variable('EMAIL') || cookie === undefined) throw new Error('nobody is signed in');

const listing = must('services', await client.GET('/api/v1/services', { params: { query: { currency: 'USD' } } }));
const services = listing.result.services.flatMap((category) => category.services);
const service = services.find((it) => it.id === Number(variable('SERVICE')));
if (service === undefined) throw new Error('the service is not listed');

const form = { category: 'any', service: String(service.id), link: variable('LINK'), quantity: 1_000 };
const placing = { params: { header: { 'Idempotency-Key': 'typed-client' } }, body: form };
const placed = must('order', await client.POST('/api/v1/dashboard/orders', placing));
const again = must('the same order', await client.POST('/api/v1/dashboard/orders', placing));
const id: number = placed.result.order.id;
if (again.result.order.id !== id) throw new Error('the order was placed twice');

const unknown = await client.GET('/api/v1/dashboard/orders/{id}', { params: { path: { id: id + 1_000_000 } } });
if (unknown.error?.name !== 'ORDER_NOT_FOUND') throw new Error('an order that is not there has no name');

let status = '';
for (let look = 0; look < 300 && status !== 'Completed'; look += 1) {
  const shown = must('status', await client.GET('/api/v1/dashboard/orders/{id}', { params: { path: { id } } }));
  status = shown.result.order.status;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
if (status !== 'Completed') throw new Error(`the order is ${status}`);

const metrics = must('metrics', await client.GET('/api/v1/dashboard/metrics'));
if (metrics.result.overview.totalOrders !== 1) throw new Error(`${metrics.result.overview.totalOrders} orders`);
console.log(`order ${id} is ${status}`);
