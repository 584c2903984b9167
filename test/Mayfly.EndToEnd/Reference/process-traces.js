'use strict'

// Processes traces as libdatadog does: one request a line on standard input, {"obfuscation": {...}, "traces": "base64 of a v0.4 body"};
// one answer a line on standard output, the JSON that its exporter sends to the intake.

const http = require('node:http')
const readline = require('node:readline')
const { createAgentlessExporter } = require('@datadog/libdatadog')
const { decompress } = require('fzstd')

let answer

const intake = http.createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    answer = Buffer.from(decompress(Buffer.concat(chunks))).toString('utf8')
    response.statusCode = 202
    response.end('{}')
  })
})

function process_ (endpoint, line) {
  const { obfuscation, traces } = JSON.parse(line)
  return new Promise((resolve, reject) => {
    const exporter = createAgentlessExporter({
      endpoint, apiKey: 'key', tracerVersion: '1.0.0', languageVersion: '20', languageInterpreter: 'v8', obfuscation,
    })
    answer = undefined
    const log = { error: (...args) => reject(new Error(require('node:util').format(...args))) }
    exporter.sendV04(Buffer.from(traces, 'base64'), () => {
      exporter.close()
      resolve(answer ?? 'null')
    }, log)
  })
}

intake.listen(0, '127.0.0.1', async () => {
  const endpoint = `http://127.0.0.1:${intake.address().port}`
  for await (const line of readline.createInterface({ input: process.stdin, terminal: false })) {
    process.stdout.write((await process_(endpoint, line)) + '\n')
  }

  intake.close()
})
