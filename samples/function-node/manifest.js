'use strict'

// What the function says it sent, one JSON object per line, so that a test can compare it with what arrived at the intake.
// Written synchronously: a line must survive a sandbox that is killed in the next millisecond. See README.md for the record shapes.

const { appendFileSync } = require('node:fs')

const path = process.env.MAYFLY_DEMO_MANIFEST
let requestId = null

exports.enabled = Boolean(path)

exports.setRequestId = id => { requestId = id }

exports.record = (type, fields) => {
  if (path) appendFileSync(path, JSON.stringify({ type, requestId, ...fields }) + '\n')
}
