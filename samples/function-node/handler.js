'use strict'

// A coffee shop's order function. What it does depends on `kind` in the event (or in the JSON body of an HTTP event); see README.md.

const http = require('node:http')
const tracer = require('dd-trace')
const manifest = require('./manifest.js')
const metrics = require('./metrics.js')
const { stockPort } = require('./stock-server.js')

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

function idsOf (span) {
  const context = span.context()
  return { traceId: context.toTraceId(), traceIdHex: context.toTraceId(true), spanId: context.toSpanId() }
}

// tracer.trace plus two manifest records: one when the span starts (a killed sandbox must leave it behind), one when it ends.
function traced (name, options, work) {
  const parent = tracer.scope().active()
  return tracer.trace(name, options, async span => {
    const ids = idsOf(span)
    manifest.record('span', { name, resource: options.resource ?? name, parentId: parent?.context().toSpanId(), tags: options.tags ?? {}, ...ids })
    try {
      const result = await work(span)
      manifest.record('span.end', { spanId: ids.spanId })
      return result
    } catch (error) {
      manifest.record('span.end', { spanId: ids.spanId, error: { type: error.name, message: error.message } })
      throw error
    }
  })
}

const get = url => new Promise((resolve, reject) => {
  http.get(url, response => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', chunk => { text += chunk })
    response.on('end', () => resolve(JSON.parse(text)))
  }).on('error', reject)
})

async function order (size) {
  await traced('coffee.order', { resource: `order ${size}`, tags: { 'coffee.size': size } }, async () => {
    const port = await stockPort()
    await traced('stock.check', { tags: { 'stock.shelf': 'A1' } }, async span => {
      const { in_stock: inStock } = await get(`http://127.0.0.1:${port}/stock/${size}`)
      // A call made by the library's own instrumentation: its ids are the library's, so only name and parent are known here.
      manifest.record('span.auto', { name: 'http.request', parentId: span.context().toSpanId() })
      span.setTag('stock.count', inStock)
    })
    await traced('coffee.brew', { tags: { 'brew.seconds': 0.005 } }, () => pause(5))
  })
}

async function report (size) {
  const tags = ['product:latte', `size:${size}`]
  metrics.distribution('coffee.order_value', 12.45, ...tags)
  metrics.distributionAt('coffee.order_value', 3.5, new Date(Date.now() - 60_000), ...tags)
  await metrics.increment('coffee.orders', 1, tags)
  await metrics.increment('coffee.orders', 2, tags)
  await metrics.gauge('coffee.queue', 4.5, tags)
  for (const value of [1, 2, 3, 4]) await metrics.histogram('coffee.beans', value, tags)
  await metrics.timing('coffee.brew_time', 320, tags)
  for (const customer of ['ann', 'bob', 'ann']) await metrics.set('coffee.customers', customer, tags)
  await metrics.statsdDistribution('coffee.temperature', 92.5, tags)
  for (let i = 0; i < 20; i++) await metrics.increment('coffee.sips', 1, tags, 0.5)
}

function speak (size) {
  console.log('order received', size)
  console.log({ message: 'order priced', size, price: 12.45, nested: { currency: '€' } })
  console.warn('milk is low')
  console.log('two\nlines')
}

const size = 'large'
const kinds = {
  async ok () {
    speak(size)
    await order(size)
    await report(size)
  },
  async warm () {
    console.log('warm')
    await traced('coffee.warm', {}, () => pause(1))
    await metrics.increment('coffee.warm', 1, [])
  },
  async error () {
    console.log('about to fail')
    await metrics.increment('coffee.orders', 1, ['result:failed'])
    await traced('coffee.order', { resource: 'order broken' }, async () => {
      const error = new Error('the machine is out of order')
      error.name = 'CoffeeError'
      console.error(error)
      throw error
    })
  },
  async timeout () {
    console.log('waiting for ever')
    await metrics.increment('coffee.orders', 1, ['result:timeout'])
    await traced('coffee.order', { resource: 'order stuck' }, () => pause(2 ** 31 - 1))
  },
  async slow (event) {
    console.log('slow', event.ms)
    await traced('coffee.slow', {}, () => pause(event.ms ?? 500))
  },
  async events () {
    await metrics.event('shop opened', 'the door is open\nand the light is on', { alert_type: 'info', priority: 'normal' }, ['shop:one'])
    await metrics.serviceCheck('coffee.machine', metrics.CHECKS.WARNING, { message: 'needs cleaning' }, ['shop:one'])
  },
  async crash () {
    console.log('about to crash')
    setImmediate(() => { throw new Error('uncaught') })
    await pause(2 ** 31 - 1)
  },
  async exit () {
    console.log('about to exit')
    process.exit(3)
  }
}

async function fromQueue (records) {
  for (const { messageId, body } of records) {
    await traced('coffee.message', { resource: messageId, tags: { 'message.bytes': Buffer.byteLength(body) } }, () => console.log('message', messageId))
    await metrics.increment('coffee.messages', 1, [])
  }
  return { batchItemFailures: [] }
}

function kindOf (event) {
  if (event.kind) return event.kind
  try {
    return JSON.parse(event.body).kind ?? 'ok'
  } catch {
    return 'ok'
  }
}

exports.handler = async (event, context) => {
  const kind = kindOf(event)
  const root = tracer.scope().active()
  manifest.record('invocation', {
    kind,
    requestId: context.awsRequestId,
    arn: context.invokedFunctionArn,
    remainingMs: context.getRemainingTimeInMillis(),
    root: root ? idsOf(root) : undefined
  })
  if (Array.isArray(event.Records) && event.Records[0]?.eventSource === 'aws:sqs') return fromQueue(event.Records)
  const work = kinds[kind]
  if (!work) throw new Error(`unknown kind '${kind}'; known: ${Object.keys(kinds).join(', ')}`)
  await work(event)
  const body = JSON.stringify({ kind, requestId: context.awsRequestId })
  return event.requestContext ? { statusCode: 200, headers: { 'content-type': 'application/json' }, body } : JSON.parse(body)
}
