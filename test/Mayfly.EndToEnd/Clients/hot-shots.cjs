'use strict'

// Sends every kind of metric, an event and a service check with hot-shots, and writes one JSON object per thing sent to standard output.
// Arguments: udp PORT | uds PATH (datagrams) | stream PATH (a Unix stream of lines); packed: several lines per packet.

const net = require('node:net')
const { StatsD } = require('hot-shots')

const [protocol, target, packed] = process.argv.slice(2)
const rounds = 200
const sent = []

function clientOf () {
  const options = { globalTags: ['client:hot-shots', `way:${protocol}`], maxBufferSize: packed ? 1400 : 0, bufferFlushInterval: 50, errorHandler: fail }
  if (protocol === 'udp') return new StatsD({ ...options, host: '127.0.0.1', port: Number(target) })
  if (protocol === 'uds') return new StatsD({ ...options, protocol: 'uds', path: target })
  return new StatsD({ ...options, protocol: 'stream', stream: net.connect(target) })
}

function fail (error) {
  console.error(error)
  process.exit(1)
}

const client = clientOf()

// Resolves when the packet is with the kernel, or, packed, with the client. A call that is sampled out is answered without any argument.
const send = (method, ...args) => new Promise((resolve, reject) => client[method](...args, (...answer) => answer[0] ? reject(answer[0]) : resolve(answer.length > 0)))

async function metric (kind, method, name, value, tags) {
  await send(method, name, value, tags)
  sent.push({ type: 'metric', kind, name, value, tags: [...client.globalTags, ...tags] })
}

async function main () {
  for (let i = 0; i < rounds; i++) {
    const tags = [`shard:${i % 5}`, 'zone:ä 🎉']
    await metric('c', 'increment', 'real.count', i % 3 + 1, tags)
    await metric('g', 'gauge', 'real.gauge', i / 4, tags)
    await metric('h', 'histogram', 'real.histogram', i % 17, tags)
    await metric('ms', 'timing', 'real.timing', i * 1.5, tags)
    await metric('d', 'distribution', 'real.distribution', i * 0.25, tags)
    await metric('s', 'set', 'real.set', `member-${i % 7}`, ['of:seven'])
    // A Unix socket takes ten datagrams; those beyond are sent again later by the client, and a gauge would be out of order.
    while (client.messagesInFlight > 0) await new Promise(resolve => setTimeout(resolve, 1))
  }

  const title = 'shop opened – über'
  const text = 'the door is open\nand the light is on'
  await send('event', title, text, { alert_type: 'warning', priority: 'low', aggregation_key: 'door', source_type_name: 'shop', date_happened: 1700000000 }, ['shop:one'])
  sent.push({ type: 'event', title, text, tags: [...client.globalTags, 'shop:one'] })
  await send('check', 'coffee.machine', client.CHECKS.WARNING, { message: 'needs cleaning', date_happened: 1700000000 }, ['shop:one'])
  sent.push({ type: 'serviceCheck', name: 'coffee.machine', status: 1, message: 'needs cleaning', tags: [...client.globalTags, 'shop:one'] })
  await new Promise(resolve => client.close(resolve))
  for (const one of sent) console.log(JSON.stringify(one))
}

main().catch(fail)
