// A small client of the Lambda Runtime API (2018-06-01): next -> handler -> response or error, one invocation at a time.
// Needs AWS_LAMBDA_RUNTIME_API; _HANDLER (`path/module.export`) below LAMBDA_TASK_ROOT defaults to the Datadog redirect handler.

import http from 'node:http'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import manifest from './manifest.js'
import runtimeLog from './runtime-log.js'

const here = dirname(fileURLToPath(import.meta.url))
// Both names are read by datadog-lambda-js and dd-trace too, so the defaults are put back into the environment.
process.env.LAMBDA_TASK_ROOT ??= here
process.env._HANDLER ??= 'node_modules/datadog-lambda-js/dist/handler.handler'
if (process.env._HANDLER.includes('datadog-lambda-js')) process.env.DD_LAMBDA_HANDLER ??= 'handler.handler'

const [host, port = '80'] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':')
// Taken before dd-trace is loaded: it replaces both functions, and the runtime's own calls are not part of the customer's trace.
const request = http.request
const connect = Socket.prototype.connect
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
agent.createConnection = ({ host, port }) => connect.call(new Socket(), { host, port })
const errorType = 'application/vnd.aws.lambda.error+json'

function call (method, path, { body, headers = {}, isIdempotent = method === 'GET' } = {}) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(body)
    const sent = request({
      host,
      port,
      method,
      path: `/2018-06-01/runtime/${path}`,
      agent,
      headers: { 'User-Agent': `mayfly-sample-node/1.0 (${process.version})`, ...headers, ...(payload && { 'Content-Length': payload.length }) }
    }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }))
    })
    sent.on('error', error => {
      // The server may close a kept-alive connection while the sandbox is frozen; a read can simply be asked again.
      if (isIdempotent && sent.reusedSocket && error.code === 'ECONNRESET') resolve(call(method, path, { body, headers, isIdempotent: false }))
      else reject(error)
    })
    sent.end(payload)
  })
}

function errorBody (error) {
  const fields = runtimeLog.errorFields(error instanceof Error ? error : new Error(String(error)))
  return { errorType: fields.errorType, errorMessage: fields.errorMessage, trace: fields.stackTrace }
}

// The cause document is what the AWS Node.js client sends (docs/spec/07 section 3); the error type header is what the API's reference asks for.
function postError (path, error) {
  const body = errorBody(error)
  const cause = { working_directory: process.cwd(), exceptions: [{ type: body.errorType, message: body.errorMessage, stack: [] }], paths: [] }
  // A header value is Latin-1 without line breaks; JSON escapes carry the rest.
  const ascii = JSON.stringify(cause).replace(/[^\x20-\x7e]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
  return call('POST', path, {
    body: JSON.stringify(body),
    headers: {
      'Content-Type': errorType,
      'Lambda-Runtime-Function-Error-Type': body.errorType.replace(/[^\x20-\x7e]/g, '?'),
      ...(ascii.length < 1024 * 1024 && { 'Lambda-Runtime-Function-XRay-Error-Cause': ascii })
    }
  })
}

async function loadHandler () {
  const dot = process.env._HANDLER.lastIndexOf('.')
  const base = resolve(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER.slice(0, dot))
  const file = [base, `${base}.js`, `${base}.mjs`, `${base}.cjs`].find(existsSync)
  if (!file) throw Object.assign(new Error(`Cannot find module '${base}'`), { name: 'Runtime.ImportModuleError' })
  const module = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : createRequire(join(here, 'bootstrap.mjs'))(file)
  const handler = module[process.env._HANDLER.slice(dot + 1)]
  if (typeof handler !== 'function') {
    throw Object.assign(new Error(`${process.env._HANDLER} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' })
  }
  return handler
}

function contextOf (headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  const parsed = name => headers[name] ? JSON.parse(headers[name]) : undefined
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed('lambda-runtime-client-context'),
    identity: parsed('lambda-runtime-cognito-identity'),
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now()
  }
}

const run = (handler, event, context) => new Promise((resolve, reject) => {
  const result = handler(event, context, (error, value) => error ? reject(error) : resolve(value))
  if (typeof result?.then === 'function') result.then(resolve, reject)
})

let current
async function crash (error, exitCode) {
  console.error(error)
  await postError(current ? `invocation/${current}/error` : 'init/error', error).catch(() => {})
  process.exit(exitCode)
}
process.on('uncaughtException', error => crash(error, 129))
process.on('unhandledRejection', reason => crash(Object.assign(new Error(String(reason?.message ?? reason)), { name: 'Runtime.UnhandledPromiseRejection' }), 128))

if (!host) {
  process.stderr.write('AWS_LAMBDA_RUNTIME_API is not set: this program runs inside Lambda or under an emulator.\n')
  process.exit(2)
}
runtimeLog.install()

let handler
try {
  handler = await loadHandler()
} catch (error) {
  console.error(error)
  await postError('init/error', error)
  process.exit(1)
}

for (;;) {
  const next = await call('GET', 'invocation/next')
  if (next.status !== 200) throw new Error(`invocation/next answered ${next.status}`)
  current = next.headers['lambda-runtime-aws-request-id']
  manifest.setRequestId(current)
  runtimeLog.setRequestId(current)
  const trace = next.headers['lambda-runtime-trace-id']
  if (trace) process.env._X_AMZN_TRACE_ID = trace
  else delete process.env._X_AMZN_TRACE_ID
  let response
  try {
    response = JSON.stringify(await run(handler, JSON.parse(next.body), contextOf(next.headers))) ?? 'null'
  } catch (error) {
    console.error('Invoke Error', error)
    manifest.record('invocation.end', { status: 'error', errorType: error?.name, errorMessage: String(error?.message ?? error) })
    await postError(`invocation/${current}/error`, error)
  }
  if (response !== undefined) {
    manifest.record('invocation.end', { status: 'success' })
    await call('POST', `invocation/${current}/response`, { body: response, headers: { 'Content-Type': 'application/json' } })
  }
  current = undefined
}
