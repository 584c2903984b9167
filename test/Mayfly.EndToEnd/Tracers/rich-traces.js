'use strict'

// Sends traces that use all that a span may carry, with the dd-trace of the folder it is started in; one line of JSON per span on standard output says what
// was sent. The tracer sends when the process has nothing more to do.

const { createRequire } = require('node:module')
const tracer = createRequire(process.cwd() + '/')('dd-trace').init()

const traces = Number(process.argv[2])

function ids (span) {
  const context = span.context()
  return { traceId: context.toTraceId(), traceIdHex: context.toTraceId(true), spanId: context.toSpanId() }
}

function say (span, sent) {
  process.stdout.write(JSON.stringify({ ...ids(span), ...sent }) + '\n')
}

let before
for (let i = 0; i < traces; i++) {
  const tags = { 'resource.name': `GET /items/${i % 7}`, 'span.type': 'web', 'span.kind': 'server', index: i, ratio: i / 8, text: `é ${i}`, flag: i % 2 === 0 }
  const root = tracer.startSpan('shop.request', { tags })
  const child = tracer.startSpan('shop.step', { childOf: root, tags: { 'service.name': 'shop-db', 'resource.name': `step ${i}`, depth: 1 } })
  const links = []
  if (before) {
    const attributes = { reason: 'follows', number: i }
    child.addLink({ context: before.context(), attributes })
    links.push({ ...ids(before), attributes })
  }

  const events = []
  for (let n = 0; n < i % 4; n++) {
    const event = { name: `event ${n}`, timeMs: 1700000000000 + i * 1000 + n, attributes: { text: 'x', whole: n, part: n + 0.5, yes: true, list: ['a', 'b'] } }
    child.addEvent(event.name, event.attributes, event.timeMs)
    events.push(event)
  }

  let metaStruct
  if (i % 5 === 0) {
    metaStruct = { report: { index: i, words: ['one', 'two'], nested: { yes: true } } }
    child.meta_struct = metaStruct
  }

  let error
  if (i % 3 === 0) {
    error = new TypeError(`failure ${i}`)
    child.setTag('error', error)
  }

  child.finish()
  root.finish()
  say(root, { parentId: '0', name: 'shop.request', resource: tags['resource.name'], service: 'rich', type: 'web', tags: { 'span.kind': 'server', text: tags.text }, numbers: { index: i, ratio: tags.ratio, flag: Number(tags.flag) }, links: [], events: [] })
  say(child, {
    parentId: ids(root).spanId, name: 'shop.step', resource: `step ${i}`, service: 'shop-db', type: '', tags: {}, numbers: { depth: 1 }, links, events, metaStruct,
    error: error && { type: error.name, message: error.message, stack: error.stack },
  })
  before = root
}
