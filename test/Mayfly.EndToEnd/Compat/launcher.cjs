// Does what the launcher for Node does (docs/spec/06-compat-and-init.md, A14): copies the one file to the temporary folder, makes it executable for its owner,
// starts it with inherited stdio and its version in the environment, and goes on at once. Then it is the user's program: it makes traces, and stays for a while.
// Arguments: folder of dd-trace, temporary folder, milliseconds to stay.
'use strict'
const fs = require('fs')
const path = require('path')
const { spawn } = require('child_process')

const [tracer, temporary, stay] = process.argv.slice(2)
const source = process.env.DD_SERVERLESS_COMPAT_PATH
const folder = path.join(temporary, 'datadog')
fs.mkdirSync(folder, { recursive: true })
const copy = path.join(folder, path.basename(source))
fs.copyFileSync(source, copy)
fs.chmodSync(copy, 0o744)
const agent = spawn(copy, { stdio: 'inherit', env: { ...process.env, DD_SERVERLESS_COMPAT_VERSION: '9.8.7' } })
console.log(JSON.stringify({ agent: agent.pid, mode: (fs.statSync(copy).mode & 0o777).toString(8) }))

const trace = require(tracer).init()
for (let i = 0; i < 5; i++) trace.startSpan('launched').finish()
setTimeout(() => process.exit(0), Number(stay))
