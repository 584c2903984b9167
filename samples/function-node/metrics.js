'use strict'

// Custom metrics by both ways customers use: datadog-lambda-js (distributions) and a DogStatsD client (all other types).

const { sendDistributionMetric, sendDistributionMetricWithDate } = require('datadog-lambda-js')
const { StatsD } = require('hot-shots')
const manifest = require('./manifest.js')

const statsd = new StatsD({ host: '127.0.0.1', globalTags: ['client:hot-shots'], errorHandler: error => console.error('statsd', error.message) })

function distribution (name, value, ...tags) {
  sendDistributionMetric(name, value, ...tags)
  manifest.record('metric', { client: 'datadog-lambda-js', kind: 'd', name, value, tags })
}

function distributionAt (name, value, date, ...tags) {
  sendDistributionMetricWithDate(name, value, date, ...tags)
  manifest.record('metric', { client: 'datadog-lambda-js', kind: 'd', name, value, tags, timestamp: Math.floor(date.getTime() / 1000) })
}

// Resolves once the datagram is with the kernel. hot-shots answers a sampled-out call with no arguments at all: nothing was sent.
const send = (method, kind, name, value, tags, sampleRate) => new Promise((resolve, reject) => {
  const done = (...answer) => {
    if (answer[0]) return reject(answer[0])
    if (answer.length > 0) manifest.record('metric', { client: 'hot-shots', kind, name, value, tags: [...statsd.globalTags, ...tags], sampleRate })
    resolve()
  }
  if (sampleRate === undefined) statsd[method](name, value, tags, done)
  else statsd[method](name, value, sampleRate, tags, done)
})

const event = (title, text, options, tags) => new Promise((resolve, reject) => {
  statsd.event(title, text, options, tags, error => {
    if (error) return reject(error)
    manifest.record('event', { title, text, tags: [...statsd.globalTags, ...tags], ...options })
    resolve()
  })
})

const serviceCheck = (name, status, options, tags) => new Promise((resolve, reject) => {
  statsd.check(name, status, options, tags, error => {
    if (error) return reject(error)
    manifest.record('serviceCheck', { name, status, tags: [...statsd.globalTags, ...tags], ...options })
    resolve()
  })
})

module.exports = {
  distribution,
  distributionAt,
  increment: (name, value, tags, sampleRate) => send('increment', 'c', name, value, tags, sampleRate),
  gauge: (name, value, tags) => send('gauge', 'g', name, value, tags),
  histogram: (name, value, tags) => send('histogram', 'h', name, value, tags),
  timing: (name, value, tags) => send('timing', 'ms', name, value, tags),
  set: (name, value, tags) => send('set', 's', name, value, tags),
  statsdDistribution: (name, value, tags, sampleRate) => send('distribution', 'd', name, value, tags, sampleRate),
  event,
  serviceCheck,
  CHECKS: statsd.CHECKS
}
