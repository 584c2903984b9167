'use strict'

// Console output in the two formats of the Node.js runtime: tab-separated text (AWS_LAMBDA_LOG_FORMAT unset or Text) and one JSON object per line (JSON).
// A line must stay one line for the platform, so inner line feeds become carriage returns in text mode.

const { writeSync } = require('node:fs')
const { format } = require('node:util')
const manifest = require('./manifest.js')

const json = (process.env.AWS_LAMBDA_LOG_FORMAT ?? '').toUpperCase() === 'JSON'
const levels = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' }
let requestId

const isRecord = value => value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Error)

const errorFields = error => ({
  errorType: error.name ?? 'Error',
  errorMessage: error.message ?? '',
  stackTrace: String(error.stack ?? '').split('\n')
})

function jsonLine (level, args) {
  const fields = { timestamp: new Date().toISOString(), level, requestId }
  if (args.length === 1 && isRecord(args[0])) {
    fields.message = args[0]
  } else {
    fields.message = format(...args)
    const error = args.find(value => value instanceof Error)
    if (error) Object.assign(fields, errorFields(error))
  }
  return JSON.stringify(fields)
}

const textLine = (level, args) => `${new Date().toISOString()}\t${requestId}\t${level}\t${format(...args)}`.replaceAll('\n', '\r')

exports.install = () => {
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...args) => {
      const line = json ? jsonLine(level, args) : textLine(level, args)
      manifest.record('log', { level, line })
      writeSync(1, line + '\n')
    }
  }
}

exports.setRequestId = id => { requestId = id }
exports.errorFields = errorFields
