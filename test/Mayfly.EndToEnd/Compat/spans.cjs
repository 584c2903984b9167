// A user's program: makes spans with the tracer in the folder that is its first argument, as many as its second one says, and ends soon.
'use strict'
const [folder, count] = process.argv.slice(2)
const tracer = require(folder).init()
for (let i = 0; i < Number(count); i++) tracer.startSpan('job').finish()
setTimeout(() => process.exit(0), 2600)
