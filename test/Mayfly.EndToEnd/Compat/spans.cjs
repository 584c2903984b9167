// A user's program: makes spans with the tracer in the folder that is its first argument, as many as its second one says, and ends after the milliseconds of
// the third.
'use strict'
const [folder, count, stay] = process.argv.slice(2)
const tracer = require(folder).init()
for (let i = 0; i < Number(count); i++) tracer.startSpan('job').finish()
setTimeout(() => process.exit(0), Number(stay))
